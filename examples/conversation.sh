#!/usr/bin/env bash
# A conversation in one command: four sentences about the sample room, and the picture after each of them.
# Run it after `make install`, from the repository: bash examples/conversation.sh
set -euo pipefail
cd "$(dirname "$0")/.."
inpalla=${INPALLA:-.venv/bin/inpalla}
out=$(mktemp -d)

"$inpalla" edit pocket/samples/room.png \
    "change the sofa to red leather" \
    "now also make the rug green" \
    "no, yellow" \
    "undo only the sofa" \
    -o "$out/room.png" --json >"$out/turns.jsonl"

echo "The picture: $out/room.png"
echo "What was understood and done, a line a sentence: $out/turns.jsonl"
