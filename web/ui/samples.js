// The last minutes of what the service reports, for the charts. Rates come from differences of its counters.

const KEPT = 150;

const samples = [];  // {at (seconds), speed, computed, cached, processed, running}

/** Takes one answer of /v1/status. After a restart of the service the counters begin anew, and so do the samples. */
export function take(status) {
    if (!status.engine) return;
    const sample = {
        at: performance.now() / 1000,
        uptime: status.uptime_seconds,
        speed: status.generation.last_tokens_per_second,
        running: status.engine.running + status.engine.waiting,
        computed: status.engine.prompt_tokens_computed,
        cached: status.engine.prompt_tokens_cached,
        processed: (status.pipeline?.processed_total ?? 0) + (status.pipeline?.failed_total ?? 0),
    };
    if (samples.length && sample.uptime < samples.at(-1).uptime) samples.length = 0;
    samples.push(sample);
    if (samples.length > KEPT) samples.shift();
}

export const series = (name) => samples.map((sample) => sample[name]);

/** What a counter gained between neighbouring samples. */
export const gains = (name) => samples.slice(1).map((sample, index) => sample[name] - samples[index][name]);

/** Files a second over what is remembered; 0 when none was finished. */
export function filesPerSecond() {
    const first = samples.findIndex((sample, index) => index > 0 && sample.processed > samples[index - 1].processed);
    if (first < 0) return 0;
    const from = samples[first - 1];
    const to = samples.at(-1);
    return (to.processed - from.processed) / Math.max(1, to.at - from.at);
}
