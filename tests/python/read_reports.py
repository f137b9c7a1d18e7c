"""Reads reports with third-party tools and prints their content as JSON on the last line.

usage: read_reports.py junit|junit_schema|markdown|tap|schema FILE [SCHEMA]
"""

import json
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree


def junit(path):
    from junitparser import JUnitXml

    read = JUnitXml.fromfile(path)
    outcomes = Counter()
    for suite in read:
        for case in suite:
            kinds = [type(result).__name__ for result in case.result]
            outcomes.update(kinds or ["Passed"])
    root = ElementTree.parse(path).getroot()
    return {
        "tests": read.tests,
        "failures": read.failures,
        "errors": read.errors,
        "outcomes": outcomes,
        "elements": sorted({element.tag for element in root.iter()}),
        "text": "\n".join(
            [text for element in root.iter() for text in [element.text or "", *element.attrib.values()]]
        ),
    }


def junit_schema(path, schema_path):
    import xmlschema

    form = xmlschema.XMLSchema(schema_path)
    altered = ElementTree.parse(path).getroot()
    altered.find("testsuite").attrib.pop("tests")
    return {
        "errors": [str(error.reason)[:300] for error in form.iter_errors(path)],
        "refuses": not form.is_valid(altered),
    }


class Elements(HTMLParser):
    """The elements of a page, and its text inside and outside of code."""

    def __init__(self):
        super().__init__()
        self.tags, self.code, self.prose, self.depth = Counter(), "", "", 0

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.depth += tag == "code"

    def handle_endtag(self, tag):
        self.depth -= tag == "code"

    def handle_data(self, data):
        if self.depth:
            self.code += data
        else:
            self.prose += data

    def handle_comment(self, data):
        self.tags["comment"] += 1


def markdown(path):
    from markdown_it import MarkdownIt

    text = Path(path).read_text(encoding="utf-8")
    seen = {}
    # With the extensions of GitHub, and without HTML.
    for name, options in {"html": {"html": True}, "plain": {"html": False}}.items():
        reader = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
        page = Elements()
        page.feed(reader.render(text))
        seen[name] = {"tags": page.tags, "code": page.code, "prose": page.prose}
    return seen


def tap(path):
    from tap.parser import Parser

    seen = Counter()
    blocks, names = [], []
    for line in Parser().parse_file(path):
        kind = line.category
        seen[kind] += 1
        if kind == "test":
            verdict = "ok" if line.ok else "not ok"
            directive = " skip" if line.skip else " todo" if line.todo else ""
            seen[verdict + directive] += 1
            names.append(line.description)
            blocks.append(line.yaml_block)
        if kind == "plan":
            seen["planned"] = line.expected_tests
    return {"lines": seen, "names": names, "blocks": blocks}


def schema(path, schema_path):
    import jsonschema

    with open(path, encoding="utf-8") as file, open(schema_path, encoding="utf-8") as known:
        run, form = json.load(file), json.load(known)
    reader = jsonschema.validators.validator_for(form)
    reader.check_schema(form)
    errors = [f"{list(error.path)}: {error.message}"[:300] for error in reader(form).iter_errors(run)]
    altered = dict(run, state="perhaps")
    unknown = dict(run, more=1)
    return {
        "errors": errors,
        "refuses": [not reader(form).is_valid(altered), not reader(form).is_valid(unknown)],
    }


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
