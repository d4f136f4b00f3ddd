"""Names that are more than words: to a browser, a renderer of Markdown, a chart, a file system or a terminal."""

PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)</script><b>bold1</b>",
    "[link](javascript:alert(3)) [away](https://evil.example/a)",
    "![picture](https://evil.example/i.png)",
    "**bold2** __bold3__ ~~struck~~ `code4`",
    "https://evil.example/b www.evil.example c@evil.example",
    ":red[coloured] :material/delete: :smile: $x^2$ :blue-badge[badge]",
    '<a href="https://evil.example/d">away</a><sup>up</sup>',
    "# heading | a | b | > quote - item",
    "{{7*7}} ${7*7} %(name)s %s {0} {name}",
    "&lt;b&gt;entity&lt;/b&gt; &amp;",
    '\'; DROP TABLE runs; -- " onmouseover=alert(4) x="',
    "=1+1",  # a formula, to a spreadsheet
    "\u202egnp.exe\u202c \u2066left\u2069 \u200b\ufeff",
    "..",
    "../../../../etc/passwd",
    "/etc/passwd",
    "a/b\\c:d*e?f",
    "CON .. NUL",
    "x" * 80,
]
# What no widget takes and no address bar sends, but a person who writes an address or a file by hand does.
WILD = [
    *PAYLOADS,
    "",
    " ",
    "nul\0within",
    "line\nbreak\r\n\ttab",
    "\x1b[31mred\x1b[0m\x07",
    "x" * 100_000,
    "../" * 5000,
    "%2e%2e%2f%00",
    "\ud800",  # half a character
    "٣",
    "-1",
    "1e999",
    "nan",
    "9" * 5000,
    "0-0-0",
    ",".join(["x"] * 2000),
]
