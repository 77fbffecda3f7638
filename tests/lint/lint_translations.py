#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every text of the sources that is to be translated (scripts/po finds them) is in every catalogue, translated, and nothing else is:
lint_translations.py ROOT. `--self-test` tries the reader and the rules on small catalogues."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import tree

# What a person types, or a program reads, is the same in every language. (msgfmt compares %s and its kin.)
SAME = re.compile(r"`[^`]*`|/(?:etc|dev|proc|sys|usr|run)/[\w./@*-]*[\w/@*-]")


def unquote(lines):
    """The text of a msgid or msgstr: quoted pieces on one or more lines."""
    text = "".join(re.fullmatch(r'"(.*)"', line)[1] for line in lines)
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), text)


def read_catalogue(text):
    """{msgid: (msgstr, is_fuzzy)}, without the head; obsolete entries too, under '#~ ' and their msgid. Of a text with a plural
    the form for many is an entry too, with the last of its translations."""
    entries = {}
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.split("\n") if line]
        old = any(line.startswith("#~") for line in lines)
        fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in lines)
        lines = [line.removeprefix("#~ ") for line in lines if line.startswith("#~ ") or not line.startswith("#")]
        parts = {}
        for line in lines:
            if word := re.match(r"(msgid|msgid_plural|msgstr|msgstr\[\d\]) ", line):
                part = parts[word[1]] = []
                line = line[word.end():]
            part.append(line)
        forms = [unquote(parts[name]) for name in sorted(parts) if name.startswith("msgstr")]
        for name, form in (("msgid", 0), ("msgid_plural", -1)):
            ident = unquote(parts.get(name, []))
            if ident:
                entries["#~ " * old + ident] = (forms[form] if all(forms) else "", fuzzy)
    return entries


def complain(texts, catalogue):
    """What is wrong with a catalogue for these texts."""
    complaints = []
    for text in texts:
        translated, fuzzy = catalogue.get(text, ("", False))
        if not translated:
            complaints.append(f"not translated: {text!r}")
        elif fuzzy:
            complaints.append(f"fuzzy, to be looked at: {text!r}")
        elif sorted(SAME.findall(text)) != sorted(SAME.findall(translated)):
            complaints.append(f"commands or paths differ: {text!r} {translated!r}")
        elif text.count("\n") != translated.count("\n"):
            complaints.append(f"another number of lines: {text!r}")
    return complaints + [f"in no source: {text!r}" for text in catalogue if text not in texts]


def texts_of(root):
    with tempfile.NamedTemporaryFile(suffix=".pot") as pot:
        subprocess.run([os.path.join(root, "scripts/po"), "--template", pot.name], check=True)
        return list(read_catalogue(pot.read().decode()))


def self_test():
    good = 'msgid "See `a b`\\n"\nmsgstr "Veja `a b`\\n"\n'
    many = 'msgid "See `a b`\\n"\nmsgid_plural "See all `a b`\\n"\nmsgstr[0] "Veja `a b`\\n"\nmsgstr[1] "Veja todos `a b`\\n"\n'
    rows = [(good, []), (many, ["in no source"]), (many.replace("todos `a b`", "todos `a c`"), ["in no source"]),
            (many.replace("Veja todos `a b`\\n", ""), ["not translated", "in no source"]), ('msgid ""\nmsgstr "head"\n\n' + good, []), ('msgid ""\n"See `a b`"\n"\\n"\nmsgstr "Veja `a b`\\n"\n', []),
            ("", ["not translated"]), (good.replace("Veja `a b`\\n", ""), ["not translated"]), ("#, fuzzy\n" + good, ["fuzzy"]),
            (good.replace("Veja `a b`", "Veja `a c`"), ["commands"]), (good.replace("b`\\n", "b`", 2).replace("b`", "b`\\n", 1), ["another"]),
            (good + '\nmsgid "old"\nmsgstr "velho"\n', ["in no source"]), (good + '\n#~ msgid "old"\n#~ msgstr "velho"\n', ["in no source"])]
    wrong = 0
    for text, expect in rows:
        got = complain(["See `a b`\n"], read_catalogue(text))
        if len(got) != len(expect) or any(not g.startswith(e) for g, e in zip(got, expect)):
            print("self-test:", repr(text), got, expect)
            wrong += 1
    return wrong == 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 0 if self_test() else 1
    if not shutil.which("xgettext"):
        print("gettext is not installed")
        return 77
    root, wrong = sys.argv[1], 0
    texts = texts_of(root)
    catalogues = [n for n in tree.files(root) if re.fullmatch(r"po/\w+\.po", n)]
    for name in catalogues:
        with open(os.path.join(root, name), encoding="utf-8") as f:
            complaints = complain(texts, read_catalogue(f.read()))
        print("\n".join(f"{name}: {c}" for c in complaints))
        wrong += len(complaints)
    print(f"{len(texts)} texts in {len(catalogues)} languages, {wrong} complaints")
    return 0 if texts and catalogues and wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
