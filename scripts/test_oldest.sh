#!/bin/sh
# Run the tests with the oldest supported versions: those of Jupyter Book 1, and the first of each
# other package. Then build a book with Jupyter Book 1.
#
# This needs no browser, no model and no PyTorch. Everything is installed into .venv-oldest.
set -eu
cd "$(dirname "$0")/.."
venv=.venv-oldest
py=$venv/bin/python

sh scripts/make_venv.sh "$venv" "${1:-}"
echo "==> Installing the oldest versions into $venv"
"$py" -m pip install --quiet "pip>=25.1"
"$py" -m pip install --quiet -e . \
    "jupyter-book>=1,<2" "sphinx==7.4.7" "docutils==0.21.2" "myst-parser==3.0.1" \
    "numpy==1.26.*" "pillow==10.1.*" \
    beautifulsoup4 hatchling hypothesis "pytest>=9" rst2pdf scipy sphinx-revealjs syrupy

# Sphinx 7 itself warns of changes in Sphinx 8, so warnings are no errors here.
echo "==> Tests"
"$py" -m pytest -q -W default -m "not models and not browser and not printed" -p no:cacheprovider \
    tests/hosts/sphinx/test_admonition.py tests/hosts/sphinx/test_build.py \
    tests/hosts/sphinx/test_build_mistakes.py tests/hosts/sphinx/test_build_store.py \
    tests/hosts/sphinx/test_other_builders.py tests/hosts/sphinx/test_pages.py \
    tests/hosts/sphinx/test_snapshots.py tests/hosts/sphinx/test_views_and_numbers.py \
    --deselect tests/hosts/sphinx/test_build_store.py::test_nothing_missing_no_torch

echo "==> A book by Jupyter Book 1"
book=$(mktemp -d)
trap 'rm -rf "$book"' EXIT
cat > "$book/_config.yml" <<'CONFIG'
title: Notes
author: A
execute:
  execute_notebooks: "off"
sphinx:
  extra_extensions: [sphinx_attention]
  config:
    numfig: true
CONFIG
printf 'format: jb-book\nroot: intro\n' > "$book/_toc.yml"
cat > "$book/intro.md" <<'PAGE'
# Notes

See {numref}`fox`.

```{attention-figure} the quick
:name: fox
:focus: quick

0.7 0.3
0.2 0.8

Two words.
```
PAGE
"$venv/bin/jupyter-book" build --warningiserror --quiet "$book" > "$book/log" 2>&1 || {
    cat "$book/log"
    exit 1
}
page=$book/_build/html/intro.html
for part in 'class="attention-figure' 'attention.css' 'attention.js' '>0.800<' 'Fig. 1'; do
    grep -q "$part" "$page" || { echo "the book lacks $part"; exit 1; }
done
echo "The package works with the oldest versions."
