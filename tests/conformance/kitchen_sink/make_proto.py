#!/usr/bin/env python3
"""Writes what protoc reads out of fields.txt. Usage: make_proto.py fields.txt kitchen_sink.proto"""

import sys

HEAD = """syntax = "proto3";
package temporal.omes.kitchen_sink;
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "temporal/api/common/v1/message.proto";
import "temporal/api/enums/v1/workflow.proto";
import "temporal/api/failure/v1/message.proto";
"""


def type_of(word):
    if ">" in word:
        key, value = word.split(">")
        return f"map<{key}, {type_of(value)}>"
    if word.endswith("*"):
        return "repeated " + type_of(word[:-1])
    return word.replace(".", "google.protobuf.", 1) if word[0] == "." else word.replace("@", "temporal.api.")


def block(lines):
    kind, name = lines[0].split()
    body, variants = [], []
    for number, field, *rest in (line.split() for line in lines[1:]):
        if kind == "enum":
            body.append(f"{field} = {number};")
        else:
            (variants if "|" in rest else body).append(f"{type_of(rest[0])} {field} = {number};")
    if variants:
        body.append("oneof variant { " + " ".join(variants) + " }")
    return f"{kind} {name} {{ {' '.join(body)} }}\n"


source, target = sys.argv[1:]
text = "\n".join(line for line in open(source, encoding="utf-8").read().splitlines() if not line.startswith("#"))
blocks = [part.splitlines() for part in text.strip().split("\n\n")]
open(target, "w", encoding="utf-8").write(HEAD + "".join(map(block, blocks)))
