"""Judges delivered messages: {"records": {name: TXT}, "files": [path]} in, one object per file out."""

import json
import re
import sys
from email import message_from_bytes, message_from_string, policy
from email.header import decode_header, make_header

import dkim

question = json.load(sys.stdin)


def record(name, timeout=5):
    """The published keys, in the place of DNS."""
    text = question["records"].get(name.decode().rstrip("."))
    return text.encode() if text is not None else None


def verify(message):
    try:
        return dkim.DKIM(message).verify(dnsfunc=record), ""
    except dkim.DKIMException as error:
        return False, str(error)


def readable(headers):
    """By name in lower case; the first of a name wins. The decoder is the older one of Python: the
    newer one leaves the blank between two encoded words in (against RFC 2047, section 6.2)."""
    items = reversed(headers.items())
    return {name.lower(): str(make_header(decode_header(value))) for name, value in items}


def judge(path):
    with open(path, "rb") as file:
        raw = file.read()
    message = message_from_bytes(raw, policy=policy.default)
    signature = re.sub(r"\s", "", str(message["DKIM-Signature"] or ""))
    tags = dict(tag.split("=", 1) for tag in signature.split(";") if "=" in tag)
    verified, why = verify(raw)
    broken_by = {}
    for header in ["List-Unsubscribe", "List-Unsubscribe-Post", "Subject", "Content-Type"]:
        changed = re.sub(rb"(?m)^(%s:)" % header.encode(), rb"\1 x", raw, count=1)
        assert changed != raw, header
        broken_by[header.lower()] = not verify(changed)[0]
    return {
        "verified": verified,
        "why": why,
        "algorithm": tags.get("a", ""),
        "signed": tags.get("h", "").lower().split(":"),
        "broken_by": broken_by,
        "plain_headers": raw.split(b"\n\n", 1)[0].isascii(),
        "headers": readable(message_from_string(raw.decode())),
        "text": message.get_body(("plain",)).get_content(),
        "html": message.get_body(("html",)).get_content(),
    }


json.dump([judge(path) for path in question["files"]], sys.stdout)
