#!/bin/sh
# Fail if the committed bundle differs from a build of the sources under static/. Changes nothing.
set -eu
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$copy/sphinx_attention/core"
cp -R static package.json tsconfig.json "$copy"
cp -R sphinx_attention/assets "$copy/sphinx_attention"
cp -R sphinx_attention/core/phrases "$copy/sphinx_attention/core"
for file in sphinx_attention/core/*.json sphinx_attention/core/render/*/*.json; do
    mkdir -p "$copy/$(dirname "$file")"
    cp "$file" "$copy/$file"
done
rm "$copy"/sphinx_attention/assets/*.js "$copy"/sphinx_attention/assets/*.css
ln -s "$PWD/node_modules" "$copy/node_modules"
node "$copy/static/build.mjs" >/dev/null

status=0
files=$(cd "$copy" && ls sphinx_attention/assets/*.js sphinx_attention/assets/*.css)
for file in $(ls sphinx_attention/assets/*.js sphinx_attention/assets/*.css) $files; do
    if ! cmp -s "$file" "$copy/$file"; then
        echo "error: $file differs from a build of static/." >&2
        status=1
    fi
done
if [ $status -ne 0 ]; then
    echo "Run \`npm ci && npm run build\`, and commit the files that it writes." >&2
fi
exit $status
