#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages in docs/: links lead somewhere, both languages have the same pages with the same headings, tables and code, mkdocs.yml
lists them all, and what they quote of the program is what it says. `lint_docs.py ROOT`; `--self-test` tries the rules."""
import itertools
import os
import re
import sys

import tree
from lint_translations import read_catalogue

# For people who work on the program: not translated, which their headings in mkdocs.yml say.
ENGLISH_ONLY = {"docs/STATUS.md", "docs/architecture.md", "docs/testing.md", "docs/extensions.md", "docs/protocol/lgmp.md",
                "docs/protocol/kvmfr.md"}
PORTUGUESE = "docs/pt_BR/"
FENCE = re.compile(r"^( *)(```.*?\n.*?)^\1```$", re.M | re.S)
LINK = re.compile(r"\]\(<?([^)>\s]+)>?\)")
PICTURE = re.compile(r"!\[[^]]*\]\(([^)\s]+)\)")
CHECK = re.compile(r"`((?:cpu|iommu|gpu|kvm|domain|memory|kvmfr|session|guest)\.[a-z0-9_]+)`")


def prose(text):
    """Without code between fences."""
    return FENCE.sub("", text)


def headings(text):
    """[(level, words)]"""
    return [(len(marks), words) for marks, words in re.findall(r"^(#+) (.*)$", prose(text), re.M)]


def anchors(text):
    """What links to the page's headings are called, both on code hosts and in the site (they treat '-' differently)."""
    plain = [re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", words).lower() for _, words in headings(text)]
    hosts = {re.sub(r"[^\w\s-]", "", words).strip().replace(" ", "-") for words in plain}
    site = {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", words).strip()) for words in plain}
    return hosts & site


def broken_links(name, text, pages, files):
    """pages: name -> text; files: names of all that may be linked to."""
    complaints = []
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", prose(text))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
        if there not in files and not any(f.startswith(there + "/") for f in files):
            complaints.append(f"{name}: {target}: there is no {there}")
        elif anchor and anchor not in anchors(pages.get(there, "")):
            complaints.append(f"{name}: {target}: no such heading")
        elif name.startswith("docs/") and not there.startswith("docs/"):
            complaints.append(f"{name}: {target}: is not in the site")
    return complaints


def commands(block):
    """Code but for its comments and for words in capitals, which stand for something in the reader's language."""
    lines = [re.sub(r"\s+[#;] .*$|^; .*$", "", line).strip() for line in block.split("\n")]
    return " | ".join(re.sub(r"\b[A-ZÇÃÕ]{4,}\b", "X", line) for line in lines if line)


def lost_in_the_site(name, text):
    """What code hosts show as code, list or table, and mkdocs as plain text."""
    complaints = [f"{name}: code in a list: {block.split(chr(10))[0]}" for indent, block in FENCE.findall(text) if indent]
    lines = prose(text).split("\n")
    for above, line in zip(lines, lines[1:]):
        mark = re.match(r"(\* |\d+\. |\|)", line)
        if mark and above and not re.match(r" |[*|]|\d+\. ", above):
            complaints.append(f"{name}: an empty line is missing above: {line}")
    return complaints


def shape(text):
    """What must be alike in both languages: headings by their levels, kinds of code, rows of tables, pictures."""
    lines = [f"heading {level}" for level, _ in headings(text)]
    lines += [f"code {commands(block)}" for _, block in FENCE.findall(text)]
    lines.append(f"{len(re.findall(r'^ *[|]', prose(text), re.M))} rows in tables")
    lines.append(f"pictures {sorted(os.path.basename(p) for p in PICTURE.findall(text))}")
    return lines


def unlike(name, english, portuguese):
    pairs = itertools.zip_longest(shape(english), shape(portuguese), fillvalue="nothing")
    return next(([f"{name}: {a} in English, {b} in Portuguese"] for a, b in pairs if a != b), [])


def without_twin(names):
    english = {n for n in names if n.startswith("docs/") and not n.startswith(PORTUGUESE)} - ENGLISH_ONLY
    portuguese = {n.replace(PORTUGUESE, "docs/") for n in names if n.startswith(PORTUGUESE)}
    return [f"{n}: only in one language" for n in sorted(english ^ portuguese)]


def not_listed(names, config):
    listed = re.findall(r": (\S+\.md)$", config, re.M)
    pages = {n.removeprefix("docs/") for n in names if n.startswith("docs/")}
    ours = [n for n in listed if "docs/" + n not in ENGLISH_ONLY]
    turned = [n.removeprefix("pt_BR/") for n in ours if n.startswith("pt_BR/")]
    complaints = [f"mkdocs.yml: {n} is not in both docs/ and the list, once" for n in sorted(pages ^ set(listed))]
    if [n for n in ours if not n.startswith("pt_BR/")] != turned:
        complaints.append("mkdocs.yml: the languages have their pages in different orders")
    return complaints


def misquoted(name, text, texts):
    """A heading in quotation marks is a text of the program, `texts` in the page's language, and so is the first cell of a row.
    Texts that go on are quoted in part."""
    quotes = [words.strip('"') for _, words in headings(text) if words.startswith('"')]
    quotes += re.findall(r'^\| "([^"|]+)" \|', text, re.M)
    return [f'{name}: the program never says "{q}"' for q in quotes if not any(t.startswith(q.rstrip(" .")) for t in texts)]


def unknown_checks(name, text, ids):
    return [f"{name}: doctor has no check {i}" for i in sorted(set(CHECK.findall(text)) - ids)]


def wrong_bindings(name, text, table):
    """Rows | key | what | `bindings.name` | against [(name, default)]."""
    rows = [(b, k) for k, b in re.findall(r"^\| (\S*).*\| `bindings\.(\w+)` \|$", text, re.M)]
    return [f"{name}: {b} is {k} in one of page and program, not both" for b, k in sorted(set(rows) ^ set(table))]


def check_tree(root):
    def read(name):
        with open(os.path.join(root, name), encoding="utf-8") as f:
            return f.read()

    files = set(tree.files(root))
    pages = {n: read(n) for n in sorted(files) if n.endswith(".md") and (n.startswith("docs/") or n.startswith("README"))}
    site = [n for n in pages if n.startswith("docs/")]
    ids = set(re.findall(r"^## (\w+\.\w+)$", pages["docs/doctor.md"], re.M))  # lint.doctor_pages: those of the program
    options = read("client/config/client_options.c")
    bindings = re.findall(r'BINDING\("(\w+)", \w+, "(\w*)"', options)
    catalogue = read_catalogue(read("po/pt_BR.po"))
    texts = {"docs/": list(catalogue), PORTUGUESE: [text for text, _ in catalogue.values()]}
    complaints = without_twin(site) + not_listed(site, read("mkdocs.yml"))
    for name, text in pages.items():
        language = PORTUGUESE if name.startswith(PORTUGUESE) else "docs/"
        complaints += broken_links(name, text, pages, files) + misquoted(name, text, texts[language])
        complaints += [] if name in ENGLISH_ONLY else unknown_checks(name, text, ids)
        complaints += lost_in_the_site(name, text)
        twin = name.replace("docs/", PORTUGUESE) if name.startswith("docs/") else "README.pt_BR.md"
        if language == "docs/" and name != twin and twin in pages:
            complaints += unlike(name, text, pages[twin])
        if name.endswith("key-bindings.md"):
            complaints += wrong_bindings(name, text, bindings)
    return complaints, len(pages), len(bindings)


def self_test():
    files = {"docs/a.md", "docs/b.md", "README.md", "docs/images/x.png"}
    pages = {"docs/a.md": "# Ä title: x\n", "docs/b.md": "text\n```sh\n# no heading\n```\n"}
    link = lambda text: broken_links("docs/b.md", text, pages, files)
    listed = "- A: a.md\n- A: pt_BR/a.md\n"
    rows = [
        (link("[a](a.md) [a](a.md#ä-title-x) `[a](c.md)` [i](images/x.png) [h](https://x.y)"), 0),
        (link("[a](c.md)"), 1), (link("[a](a.md#other)"), 1), (link("[a](b.md#no-heading)"), 1), (link("[a](../README.md)"), 1),
        (unlike("x", "# a\n## b\n|r|\n", "# c\n## d\n|s|\n"), 0), (unlike("x", "# a\n## b\n", "# c\n"), 1),
        (unlike("x", "# a\n|r|\n", "# c\n"), 1), (unlike("x", "```sh\na\n```\n", "```xml\na\n```\n"), 1),
        (unlike("x", "```sh\na FILE # x\n```\n", "```sh\na ARQUIVO # y\n```\n"), 0), (unlike("x", "```sh\na\n```\n", "```sh\nb\n```\n"), 1),
        (unlike("x", "![a](b.png)\n", "![c](../b.png)\n"), 0), (unlike("x", "![a](b.png)\n", "![c](d.png)\n"), 1),
        (lost_in_the_site("x", "a\n\n* b\n  c\n* d\n\n| e |\n| f |\n\n1. g\n2. h\n```sh\n* i\n```\n"), 0),
        (lost_in_the_site("x", "a\n* b\n"), 1), (lost_in_the_site("x", "a\n| b |\n"), 1), (lost_in_the_site("x", "1. a\n   ```sh\n   b\n   ```\n"), 1),
        (without_twin(["docs/a.md", "docs/pt_BR/a.md", "docs/STATUS.md"]), 0), (without_twin(["docs/a.md"]), 1),
        (without_twin(["docs/pt_BR/a.md"]), 1),
        (not_listed(["docs/a.md", "docs/pt_BR/a.md"], listed), 0), (not_listed(["docs/a.md"], listed), 1),
        (not_listed(["docs/a.md", "docs/pt_BR/a.md", "docs/b.md"], listed + "- B: b.md\n"), 1),
        (misquoted("x", '## "Waiting for"\n', ["Waiting for the VM"]), 0), (misquoted("x", '## "Waiting"\n', ["Nothing"]), 1),
        (misquoted("x", '| "Off: x" | y |\n| "a" b | c |\n', ["Off: x. Y"]), 0), (misquoted("x", '| "Off" | y |\n', ["On"]), 1),
        (unknown_checks("x", "`gpu.bars` client.ini", {"gpu.bars"}), 0), (unknown_checks("x", "`gpu.bar`", {"gpu.bars"}), 1),
        (wrong_bindings("x", "| F | full | `bindings.full` |\n", [("full", "F")]), 0),
        (wrong_bindings("x", "| G | full | `bindings.full` |\n", [("full", "F")]), 2),
    ]
    wrong = [i for i, (got, expected) in enumerate(rows) if len(got) != expected]
    for i in wrong:
        print(f"self-test: row {i}: {rows[i]}")
    return not wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 0 if self_test() else 1
    complaints, pages, bindings = check_tree(sys.argv[1])
    print("\n".join(complaints) if complaints else f"{pages} pages, {bindings} key bindings")
    return 1 if complaints or pages < 10 or bindings < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
