// Sets the chosen colours before the first paint. A classic script on purpose: modules run too late for that.
(function () {
    'use strict';
    let theme = 'system';
    try {
        theme = localStorage.getItem('hearth.theme') || 'system';
    } catch { /* storage may be switched off: the system's colours then */ }
    document.documentElement.dataset.theme = theme;
})();
