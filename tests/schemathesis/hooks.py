"""What schemathesis cannot know of the API: which ids there are, and that cursors are handed out.

Of what it made up by the document, every other id becomes one that exists, so that what lies behind
is reached, and a cursor of its own invention is left out. What it made wrong on purpose stays wrong.
"""

import json
import os
import uuid
import zlib

import schemathesis

IDS = json.loads(os.environ["TOUCHLINE_API_IDS"])
LONGEST_CURSOR = 1024


def is_id(value):
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def known(name, value):
    """An id that exists, for every other one that was made up."""
    ids = IDS.get(name, [])
    is_well_formed = isinstance(value, str) and value if name == "key" else is_id(value)
    if not ids or not is_well_formed:
        return value
    number = zlib.crc32(value.encode("utf-8", "surrogatepass"))
    return value if number % 2 else ids[(number // 2) % len(ids)]


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if not path_parameters:
        return path_parameters
    return {name: known(name, value) for name, value in path_parameters.items()}


@schemathesis.hook
def map_query(context, query):
    if not query:
        return query
    cursor = query.get("cursor")
    if isinstance(cursor, str) and len(cursor) <= LONGEST_CURSOR:
        query = {name: value for name, value in query.items() if name != "cursor"}
    return query
