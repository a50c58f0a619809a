// hearth: the command-line client.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "daemon/cli/commands.h"
#include "daemon/home.h"

namespace {

using namespace hearth::cli;

constexpr int kExitUsage = 64;  // sysexits.h

std::string environment_or(const char* name, const std::string& fallback) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : fallback;
}

struct Globals {
    ClientOptions client;
    std::string home;
    Output output;
};

void add_globals(CLI::App& cli, Globals& globals) {
    globals.client.url = environment_or("HEARTH_URL", globals.client.url);
    globals.client.api_key = environment_or("HEARTH_API_KEY", "");
    globals.home = hearth::daemon::default_home();
    globals.client.ca_file = environment_or("HEARTH_CA_FILE", "");
    cli.add_option("--url", globals.client.url, "http://, https:// or unix:PATH of hearthd (or HEARTH_URL)")
        ->capture_default_str();
    cli.add_option("--ca-file", globals.client.ca_file,
                   "PEM file that vouches for an https:// server, such as its own certificate (or HEARTH_CA_FILE)");
    cli.add_option("--api-key", globals.client.api_key, "key, when the server wants one (or HEARTH_API_KEY)");
    cli.add_option("--home", globals.home,
                   "hearth's directory, for model and doctor; HEARTH_HOME, ./.hearth or /var/lib/hearth")
        ->capture_default_str();
    cli.add_flag("--json", globals.output.json, "print JSON");
    cli.set_version_flag("--version", HEARTH_VERSION);
    cli.require_subcommand(1);
    cli.fallthrough();
    cli.footer("Exit status: 0 done, 1 the answer is no, 2 an error, 64 wrong arguments.");
}

void add_search(CLI::App& cli, SearchArguments& search) {
    CLI::App* command = cli.add_subcommand("search", "hybrid search over the documents");
    command
        ->add_option("query", search.query,
                     "words, with filters among them: path: type: collection: after: before: -word")
        ->required();
    command->add_option("-k", search.k, "results")->check(CLI::Range(1, 200))->capture_default_str();
    command->add_option("--collection", search.collection, "only this collection (first folder of the path)");
    command->add_option("--path", search.path, "only paths matching this glob");
    command->add_option("--type", search.type, "only this type: markdown, pdf, docx, csv, ... ('hearth documents')");
}

void add_eval(CLI::App& cli, EvalArguments& eval) {
    CLI::App* command = cli.add_subcommand("eval", "how good the search is on questions with known answers");
    command->add_option("file", eval.file, R"(JSON lines: {"question": ..., "file": ..., "passage": ...})")->required();
    command->add_option("-k", eval.k, "results that count for recall")
        ->check(CLI::Range(1, 200))
        ->capture_default_str();
    command->add_option("--collection", eval.collection, "search only this collection");
}

void add_ask(CLI::App& cli, AskArguments& ask) {
    CLI::App* command = cli.add_subcommand("ask", "answer a question from the documents, with sources");
    command->add_option("question", ask.question)->required();
    command->add_option("--collection", ask.collection, "only this collection");
    command->add_option("--max-tokens", ask.max_tokens, "bound of the answer; 0 = the server's");
    command->add_flag("--wait", ask.wait, "first wait until every file in the folder is indexed");
}

struct KeyCommands {
    KeyArguments add;
    std::string revoke_id;
    CLI::App* group = nullptr;
};

constexpr const char* kIngestCommands[] = {"scan", "pause", "resume", "reindex", "confirm-deletes"};

void add_ingest(CLI::App& cli, IngestCommands& ingest) {
    cli.add_subcommand("scan", "compare the folder with the record now");
    cli.add_subcommand("pause", "let new and changed files wait, also after a restart");
    cli.add_subcommand("resume", "end the pause");
    CLI::App* reindex = cli.add_subcommand("reindex", "read files again that have not changed");
    reindex->add_option("path", ingest.path, "path or glob, relative to the folder");
    reindex->add_option("--collection", ingest.collection, "all of this collection");
    reindex->add_flag("--all", ingest.all, "everything");
    cli.add_subcommand("confirm-deletes", "take files out that were held because many vanished at once");
}

void add_keys(CLI::App& cli, KeyCommands& keys) {
    keys.group = cli.add_subcommand("keys", "who may use the API")->require_subcommand(1);
    CLI::App* add = keys.group->add_subcommand("add", "make a key and show it once");
    add->add_option("name", keys.add.name, "whose it is")->required();
    add->add_option("--scope", keys.add.scope, "read: ask and search; write: change files too; admin: everything")
        ->check(CLI::IsMember({"read", "write", "admin"}))
        ->capture_default_str();
    add->add_option("--days", keys.add.days, "valid so long; 0 = for ever")->check(CLI::Range(0, 36500));
    add->add_option("--rpm", keys.add.requests_per_minute, "requests a minute; 0 = no limit")
        ->check(CLI::Range(0, 1'000'000));
    add->add_option("--answers", keys.add.generations, "answers in work at once; 0 = no limit")
        ->check(CLI::Range(0, 1000));
    keys.group->add_subcommand("list", "the keys without their secrets");
    keys.group->add_subcommand("revoke", "end a key at once")->add_option("id", keys.revoke_id)->required();
}

int run_keys(const KeyCommands& keys, const Globals& globals) {
    if (keys.group->got_subcommand("add")) return run_keys_add(keys.add, globals.home, globals.output);
    if (keys.group->got_subcommand("list")) return run_keys_list(globals.home, globals.output);
    return run_keys_revoke(keys.revoke_id, globals.home, globals.output);
}

constexpr const char* kKvBitsHelp = "of keys and values: 8 or 16";

void add_bench(CLI::App& cli, BenchArguments& bench) {
    CLI::App* command = cli.add_subcommand("bench", "measure prefill, decode and read bandwidth of a model file");
    command->add_option("--model", bench.model, "GGUF file")->required();
    command->add_option("--threads", bench.threads, "0 = every usable core")->capture_default_str();
    command->add_option("--prefill", bench.prefill, "tokens")->check(CLI::Range(1, 16384))->capture_default_str();
    command->add_flag("--serving", bench.serving, "instead: answers together, repeated contexts, time to first token");
    command->add_option("--decode", bench.decode, "tokens")->check(CLI::Range(1, 16384))->capture_default_str();
    command->add_option("--kv-bits", bench.kv_bits, kKvBitsHelp)->check(CLI::IsMember({8, 16}))->capture_default_str();
}

void add_plan(CLI::App& cli, PlanArguments& plan) {
    CLI::App* command =
        cli.add_subcommand("plan", "what a model will need and how fast it will be, before it is loaded");
    command->add_option("model", plan.model, "catalog name, file in home/models, or a GGUF file")->required();
    command->add_option("--context", plan.context, "tokens of prompt plus answer")
        ->check(CLI::Range(64, 1 << 20))
        ->capture_default_str();
    command->add_option("--threads", plan.threads, "0 = every usable core")->capture_default_str();
    command->add_option("--kv-bits", plan.kv_bits, kKvBitsHelp)->check(CLI::IsMember({8, 16}))->capture_default_str();
    command->add_flag("--run", plan.run, "then load it and measure what was predicted");
}

}  // namespace

int main(int argc, char** argv) {
    signal(SIGPIPE, SIG_IGN);
    CLI::App cli("hearth: ask your documents");
    Globals globals;
    SearchArguments search;
    EvalArguments eval;
    AskArguments ask;
    BenchArguments bench;
    PlanArguments plan;
    KeyCommands keys;
    IngestCommands ingest;
    std::string collection;
    std::string model_name;
    std::string model_sha256;
    add_globals(cli, globals);
    cli.add_subcommand("status", "what is indexed, what failed and why, and how the engine is");
    cli.add_subcommand("ps", "the models that can chat, and what of them is in memory");
    add_ask(cli, ask);
    add_search(cli, search);
    add_eval(cli, eval);
    cli.add_subcommand("documents", "every file with its state")
        ->add_option("--collection", collection, "only this collection");
    add_ingest(cli, ingest);
    CLI::App* model = cli.add_subcommand("model", "models on this machine")->require_subcommand(1);
    model->add_subcommand("list", "the catalog and what is there");
    CLI::App* pull = model->add_subcommand("pull", "fetch NAME, hf:owner/repository:file or a URL");
    pull->add_option("name", model_name)->required();
    pull->add_option("--sha256", model_sha256, "refuse any other content (catalog names carry theirs)");
    cli.add_subcommand("doctor", "check the machine, the models and the record; name remedies");
    add_plan(cli, plan);
    add_bench(cli, bench);
    add_keys(cli, keys);
    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return cli.exit(error) == 0 ? 0 : kExitUsage;
    }

    const Client client(globals.client);
    const std::string models = globals.home + "/models";
    if (cli.got_subcommand("status")) return run_status(client, globals.output);
    if (cli.got_subcommand("ps")) return run_ps(client, globals.output);
    if (cli.got_subcommand("ask")) return run_ask(client, ask, globals.output);
    if (cli.got_subcommand("search")) return run_search(client, search, globals.output);
    if (cli.got_subcommand("eval")) return run_eval(client, eval, globals.output);
    if (cli.got_subcommand("documents")) return run_documents(client, collection, globals.output);
    for (const char* command : kIngestCommands) {
        if (cli.got_subcommand(command)) return run_ingest(client, command, ingest, globals.output);
    }
    if (cli.got_subcommand("doctor")) return run_doctor(client, globals.home, globals.output);
    plan.models_directory = models;
    if (cli.got_subcommand("plan")) return run_plan(plan, globals.output);
    if (cli.got_subcommand("keys")) return run_keys(keys, globals);
    if (cli.got_subcommand("bench")) return run_bench(bench, globals.output);
    if (model->got_subcommand("pull")) return run_model_pull(model_name, model_sha256, models, globals.output);
    return run_model_list(models, globals.output);
}
