#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""No sentence of the program is forgotten by translation: lint_texts.py ROOT looks at every string of client/ and common/ and
complains about words that are neither marked with _(), N_() or NG_(), nor printed by a log function that translates, nor for machines;
and about translated words that are put into the middle of a translated sentence, with which they cannot agree in other languages.
`--self-test` tries the reader and the rules on small sources. What is marked is compared with the catalogues by lint_translations.py."""
import os
import re
import sys

import tree

TOKEN = re.compile(r"""(?P<skip>/\*.*?\*/|//[^\n]*|^[ \t]*\#[ \t]*(?:include|if|ifdef|ifndef|elif|else|endif|error|pragma|undef)\b[^\n]*)|
                       (?P<text>"(?:\\.|[^"\\\n])*")|(?P<char>'(?:\\.|[^'\\\n])+')|(?P<word>[A-Za-z_]\w*)|(?P<sign>[^\s\w])""", re.S | re.M | re.X)

# What a person reads are words with blanks between them; conversions and escapes are none. Printing functions may not even say one word.
SENTENCE = re.compile(r"[A-Za-z]{2,}[,;:.)]? [(]?[A-Za-z%']|% [a-z]{2,}")
WORD = re.compile(r"(?<![\w.:/<%@$-])[A-Za-z]{3,}(?![\w.:/=>-])")
PLAIN = re.compile(r"%[-+#0-9.*lzjh]*[a-zA-Z%]|\\(?:x[0-9a-f]{2}|.)")
PRINTING = {"printf", "fprintf", "fputs", "puts", "command_fail", "notice", "controls_notice", "overlay_set", "input_hint",
            "tell_text", "shm_problem_set", "spice_problem_set", "domain_problem_set", "option_error_set"}

MARKED = {"_", "N_", "NG_"}
LOGS = re.compile(r"log_(?:err|warn|info|every)$")  # their first text is translated
# Functions and macros whose texts nobody reads but programs and programmers.
NOT_READ = {
    "assert", "static_assert", "_Static_assert", "log_debug", "log_debug_every",       # for developers
    "sscanf", "fscanf", "strcmp", "strncmp", "strstr", "strchr", "strcspn", "strspn",  # compared with
    "pthread_setname_np", "getenv", "setenv", "fopen", "popen",                        # names
    "fix_add", "fix_install", "conf_line_find", "setup_conf_place", "setup_conf_line",                # commands, lines of files
    "is_configured",
}
# Strings that are commands, options, XML, or lines of configuration files.
FOR_MACHINES = re.compile(r"""\s*(?:[<#/$[{;'"|&-]|\\[n"]|(?:sudo|echo|printf|for|sh|grep|systemctl|virsh|gsettings|espelho|options|softdep|install|
                              blacklist|force_drivers|modules_force_load|MODULES|libvirt\ %s|status\ %|f\ %s|w\ /|%s\\n%s|
                              %s\ (?:rw|pre:)|[a-z_.]+=|rd\.driver|/dev/|%s\ 0660|%s\\nsudo|%s\\nsystemctl|default_hugepagesz)(?=\W|$))""", re.X)
# Files with other languages than people's in them.
FILES = {
    r"^common/.*_windows\.[ch]$": "exists in the Windows programs only, which have no catalogues",
    r"^common/testcard/": "drawings",
    r"^client/inspect/(?:decode|digest|messages|undefined|print)\.c$": "words of the protocol, read by programs and quoted in reports",
    r"^client/commands/completion\.c$": "scripts for shells",
    r"^client/machine/fix_packages\.c$": "names of packages",
    r"^client/vm/vm_qemu_devices\.c$": "kinds of devices, compared with",
    r"^client/demo/(?:headless|producer)\.c$": "configuration of compositors; what a guest would say",
}
# Single strings, by what they are.
STRINGS = {string: why for why, strings in {
    "names": ["kvm hidden", "Intel VT-x", "Intel VT-d", "AMD SVM", "Software Rasterizer", "Espelho: %s", "%sSPICE: %s", "app.domain: %s",
              "intel_iommu=on iommu=pt", "KEY: SEQUENCE"],
    "JSON": ["none", "true", "false"],
    "what a saved tree says in the place of secrets, and how secrets begin": ["removed", "removed\\n", "serial number", "asset tag"],
    "parts of files and commands": ["status %d\\n", "%.*s ids=%s", " sleep-inactive-ac-type nothing", "model name", "\\\\nsoftdep %s pre: vfio-pci", " xmlns%s%s='",
                                    "\\\\ No newline at end of file\\n"],
    "on Windows only": ["error %d"],
}.items() for string in strings}


# What stands around a word that is put into a sentence but is no part of its grammar: "cannot be opened: %s", "(%s)", "%s; driver: %s".
APART = re.compile(r"(?:^|[:;,] |[(=]|\\n)(%s)(?=$|[.:;,)]|\\n)")
CONVERSION = re.compile(r"%(?:%|[-+#0]*(\*)?[0-9]*(?:\.(\*|[0-9]*))?[lzjh]*([a-zA-Z]))")
GLUED = {"usage: espelho %s%s%s%s\\n\\n%s": "a synopsis has no grammar"}


def arguments(text):
    """(line, name, arguments) of each call; an argument is the list of its tokens."""
    calls, before, line, at = [], "", 1, 0
    for m in TOKEN.finditer(text):
        line += text.count("\n", at, m.start())
        at = m.start()
        if m.lastgroup == "skip":
            continue
        if m[0] == ")" and calls:
            yield calls.pop()
        for _, _, args in calls[:-1] if m[0] == "," else calls:
            args[-1].append(m)
        if m[0] == "," and calls:
            calls[-1][2].append([])
        if m[0] == "(":
            calls.append((line, before, [[]]))
        before = m[0]


def text_of(tokens):
    return "".join(m[0][1:-1] if m.lastgroup == "text" else "d" for m in tokens if m.lastgroup == "text" or m[0].startswith("PRI"))


def is_marked(tokens):
    return any(m[0] in MARKED for m in tokens)


def glued(text):
    """(line, string) of each translated sentence into which another translated text is put."""
    for line, call, args in arguments(text):
        if call in MARKED:
            continue
        for i, arg in enumerate(args):
            string = text_of(arg)
            if not (is_marked(arg) or LOGS.match(call) and i == 2 * (call == "log_every")) or "%" not in string:
                continue
            apart = {m.start(1) for m in APART.finditer(CONVERSION.sub("%s", string))}
            at, longer = i, 0
            for m in CONVERSION.finditer(string):
                at += (m[0] != "%%") + (m[1] == "*") + (m[2] == "*")
                inserted = args[at] if m[3] == "s" and at < len(args) else []
                if is_marked(inserted) and m.start() - longer not in apart and string not in GLUED:
                    yield line, string
                longer += len(m[0]) - len("%s")
            break


def strings(text):
    """(line, names of the calls around it, the token before, content) of each string; neighbours are one, PRIu64 and its kin a conversion."""
    calls, before, line, open_string, at = [], "", 1, None, 0
    for m in TOKEN.finditer(text):
        line += text.count("\n", at, m.start())
        at = m.start()
        kind, token = m.lastgroup, m[0]
        if kind == "skip":
            continue
        if kind == "text":
            if open_string:
                open_string[3] += token[1:-1]
            else:
                open_string = [line, list(calls), before, token[1:-1]]
            continue
        if open_string:
            if re.match(r"PRI\w+$", token):
                open_string[3] += "d"
                continue
            yield tuple(open_string)
            open_string = None
        if token == "(":
            calls.append(before if re.match(r"[A-Za-z_]", before) else "")
        elif token == ")" and calls:
            calls.pop()
        before = token
    if open_string:
        yield tuple(open_string)


def unmarked(text):
    """(line, string) of each that a person reads and gettext does not know."""
    for line, calls, before, string in strings(text):
        call = calls[-1] if calls else ""
        if MARKED & set(calls) or NOT_READ & set(calls) or string in STRINGS:
            continue
        if LOGS.match(call) and (before == "(" or before == "," and call == "log_every"):
            continue
        plain = PLAIN.sub("%", string)
        said = SENTENCE.search(plain) or (call in PRINTING and WORD.search(plain))
        if said and not FOR_MACHINES.match(string):
            yield line, string


def check_tree(root):
    complaints, count = [], 0
    for name in tree.files(root):
        if not name.startswith(("client/", "common/")) or not name.endswith((".c", ".h")):
            continue
        if any(re.search(pattern, name) for pattern in FILES):
            continue
        count += 1
        with open(os.path.join(root, name), encoding="utf-8") as f:
            text = f.read()
        complaints += [f"{name}:{line}: neither _(), N_() nor NG_() around \"{string}\"" for line, string in unmarked(text)]
        complaints += [f"{name}:{line}: a translated text is put into the middle of \"{string}\"" for line, string in glued(text)]
    return complaints, count


def self_test():
    rows = [
        ('puts("It is late");', 1), ('puts(_("It is late"));', 0), ('x = { N_("It is late") };', 0), ('puts("late");', 1),
        ('log_err("cannot open %s", p);', 0), ('log_err("%s", ok ? "it is open" : "");', 1), ('log_err("%s", why("it is open"));', 1),
        ('log_err("cannot open %s: %s", p, "it is gone");', 1), ('log_every(1000, LOG_LEVEL_WARN, "it is gone");', 0),
        ('log_debug("it is gone");', 0), ('assert(!"it is gone");', 0), ('/* puts("It is late") */', 0), ('// puts("It is late")', 0),
        ('#include "it is late"\n', 0), ('#define HINT "It is " \\\n "late"\n', 1), ('return "it " "is gone";', 1),
        ('f("%" PRIu64 " bytes left", n);', 1), ('f("sudo systemctl start x");', 0), ('f("  <graphics type=\'spice\'/>");', 0),
        ('printf("%s: %d\\n", a, b);', 0), ('printf(",\\"fps\\":%.2f", a);', 0), ('f("name");', 0), ('s = \'"\'; f("it is late");', 1),
        ('log_info(a ? "it is open" : "it is shut");', 2), # xgettext would find the first alone
    ]
    into = [
        ('f(_("cannot %s %s: %s"), _("open"), path, err_str(e));', 1), ('f(_("%s: %s: %s"), path, _("cannot be opened"), err_str(e));', 0),
        ('f(_("%.20s (%s)"), path, a ? _("open") : _("shut"));', 0), ('f(_("it has%s"), n ? _(" a name") : "");', 1),
        ('log_info("a %*d %% of %s, %s", w, n, x, _(y));', 0), ('log_info("a %*d %% of %s, %s", w, n, _(x), y);', 1),
        ('log_every(9, LOG_LEVEL_WARN, "the %s", _(x));', 1), ('f("%s %s", _("open"), path);', 0), ('f(_("%" PRIu32 " of %s"), n, _(x));', 1),
    ]
    wrong = 0
    for check, table in ((unmarked, rows), (glued, into)):
        for source, expect in table:
            if len(list(check(source))) != expect:
                print("self-test:", repr(source), "expected", expect, "got", list(check(source)))
                wrong += 1
    return wrong == 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 0 if self_test() else 1
    complaints, count = check_tree(sys.argv[1])
    print("\n".join(complaints))
    print(f"{count} files, {len(complaints)} strings that cannot be translated well")
    return 0 if count > 300 and not complaints else 1


if __name__ == "__main__":
    sys.exit(main())
