"""ELAN's annotation format (EAF 3.0): an XML of time slots, and tiers of annotations between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree

from comp_core.formats.tiers import NOTICE, Tier, one_line

_TYPE = "default-lt"
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"


def eaf(tiers: Sequence[Tier], media: str | None = None) -> str:
    """The tiers as the text of an ``.eaf`` file.

    Args:
        media: name of the recording, to be found beside the file.
    """
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "live-affect",
            "DATE": datetime.now().astimezone().isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    header = ElementTree.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    if media:
        name = one_line(media)
        ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", MEDIA_URL=name, MIME_TYPE="unknown", RELATIVE_MEDIA_URL=f"./{name}")
    ElementTree.SubElement(header, "PROPERTY", NAME="notice").text = NOTICE
    milliseconds = sorted({round(1000 * at) for tier in tiers for span in tier.spans for at in (span.start, span.end)})
    order = ElementTree.SubElement(root, "TIME_ORDER")
    slots = {value: f"ts{number}" for number, value in enumerate(milliseconds, 1)}
    for value, slot in slots.items():
        ElementTree.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=slot, TIME_VALUE=str(value))
    number = 0
    for tier in tiers:
        place = ElementTree.SubElement(root, "TIER", LINGUISTIC_TYPE_REF=_TYPE, TIER_ID=tier.name)
        for span in tier.spans:
            number += 1
            one = ElementTree.SubElement(
                ElementTree.SubElement(place, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                ANNOTATION_ID=f"a{number}",
                TIME_SLOT_REF1=slots[round(1000 * span.start)],
                TIME_SLOT_REF2=slots[round(1000 * span.end)],
            )
            ElementTree.SubElement(one, "ANNOTATION_VALUE").text = span.text
    ElementTree.SubElement(root, "LINGUISTIC_TYPE", GRAPHIC_REFERENCES="false", LINGUISTIC_TYPE_ID=_TYPE, TIME_ALIGNABLE="true")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
