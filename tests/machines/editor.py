# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person does in `virsh edit` who was told "and put inside <x>:", "and set:" or "and remove:", with lines of XML behind it."""
import re
import xml.etree.ElementTree as ElementTree

QEMU = "http://libvirt.org/schemas/domain/qemu/1.0"
ElementTree.register_namespace("qemu", QEMU)
START = re.compile(r"^\s*<([\w:]+)((?:\s+\w+='[^']*')*)\s*(?:\.\.\.\s*)?(/?)>(.*)", re.S)


def attributes(text):
    return dict(re.findall(r"(\w+)='([^']*)'", text))


def elements(text):
    """What the lines are: whole elements, or (lone=True) start tags of elements whose inside stays."""
    try:
        return list(ElementTree.fromstring(f"<all xmlns:qemu='{QEMU}'>{text}</all>")), False
    except ElementTree.ParseError:
        match = START.match(text)
        element = ElementTree.Element(match[1], attributes(match[2]))
        return [element], True


def parents(root):
    return {child: parent for parent in root.iter() for child in parent}


def fits(element, wanted, names):
    return element.tag == wanted.tag and all(element.get(n) == wanted.get(n) for n in names)


def put_inside(root, tag, text):
    place = root if root.tag == tag else root.find(f".//{tag}")
    if place is None:
        raise SystemExit(f"there is no <{tag}> to put this into:\n{text}")
    if not list(place) and not (place.text or "").strip():
        place.text = None
    place.extend(elements(text)[0])


def replace(root, text):
    wanted, lone = elements(text)
    last = None
    for element in wanted:
        there = [root] if root.tag == element.tag else root.findall(f".//{element.tag}")
        if element.tag == "hostdev":  # of several, the one that is not so yet
            there = [e for e in there if any(e.get(k) != v for k, v in element.items())]
        if not there and last is not None:  # beside the line before it
            above = parents(root)[last]
            above.insert(list(above).index(last) + 1, element)
            continue
        if not there:
            raise SystemExit(f"there is no <{element.tag}> to be set to:\n{text}")
        for old in there[:1]:
            if lone:
                old.attrib.update(element.attrib)
                continue
            above = parents(root)[old]
            above[list(above).index(old)] = last = element
        for more in there[1:] if element.tag == "video" else []:
            parents(root)[more].remove(more)


def take_out(root, text):
    wanted = START.match(text)
    names = attributes(wanted[2])
    tag = wanted[1].replace("qemu:", "{" + QEMU + "}")
    for element in [e for e in root.iter(tag) if all(e.get(k) == v for k, v in names.items())]:
        parents(root)[element].remove(element)


def replace_words(path, old, new):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if old not in text:
        raise SystemExit(f"{path} has no {old}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new))


def edit(path, lines):
    """Takes the lines that belong to it from the front of `lines`."""
    where = lines.pop(0)
    if where == "and replace this by the line below it:":
        replace_words(path, lines.pop(0).strip(), lines.pop(0).strip())
        return
    text = ""
    while lines and lines[0].startswith("  "):
        text += lines.pop(0) + "\n"
    tree = ElementTree.parse(path)
    root = tree.getroot()
    if match := re.match(r"and put inside <(\w+)>:$", where):
        put_inside(root, match[1], text)
    elif where == "and set:":
        replace(root, text)
    elif where == "and remove:":
        take_out(root, text)
    else:
        raise SystemExit(f"what is to be done in the editor? {where}")
    tree.write(path, encoding="unicode")
