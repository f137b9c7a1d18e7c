"""Parses HTML pages strictly, with the parser of the HTML standard: `check_page.py FILE…` prints the number of elements by name for
each page, and fails at the first parse error."""

import json
import sys
from collections import Counter

import html5lib

for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        tree = html5lib.HTMLParser(strict=True).parse(file.read())
    names = (element.tag for element in tree.iter() if isinstance(element.tag, str))
    print(json.dumps(Counter(name.rpartition("}")[2] for name in names)))
