#!/bin/sh
# Fail where the committed bundle is not what the sources under static/ make. Changes nothing.
set -eu
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$copy/sphinx_attention/core"
cp -R static package.json tsconfig.json "$copy"
cp -R sphinx_attention/assets "$copy/sphinx_attention"
cp -R sphinx_attention/core/phrases "$copy/sphinx_attention/core"
ln -s "$PWD/node_modules" "$copy/node_modules"
node "$copy/static/build.mjs" >/dev/null

status=0
for file in attention.js attention-pictures.js attention-search.js attention.css; do
    if ! cmp -s "sphinx_attention/assets/$file" "$copy/sphinx_attention/assets/$file"; then
        echo "error: sphinx_attention/assets/$file is not what static/ makes." >&2
        status=1
    fi
done
if [ $status -ne 0 ]; then
    echo "Run \`npm ci && npm run build\`, and commit what it writes." >&2
fi
exit $status
