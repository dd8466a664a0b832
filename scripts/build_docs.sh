#!/bin/sh
# Build the documentation site in build/site: the guides, the API reference and a page for each model.
# $1 is the folder with the programs of the environment.
set -eu

bin=$1
rm -rf build/docs build/site
mkdir -p build
cp -R docs build/docs
cp examples/workflows/*.yml build/docs
# Workflows lie among the documents on the site. Other links that leave docs/ are of the repository only: their words stay.
sed -E -i.bak -e 's#\]\(\.\./examples/workflows/#](#g' -e 's#\[([^]]*)\]\(\.\./[^)]*\)#\1#g' build/docs/*.md
rm build/docs/*.bak
"$bin/python" scripts/screenshots.py build/docs/images
"$bin/python" scripts/reference_pages.py build/docs/reference
"$bin/runcomfy-codegen" docs --out build/docs/models
# Material tells of its successor on every run; what it says is decided in mkdocs.yml.
DISABLE_MKDOCS_2_WARNING=true NO_MKDOCS_2_WARNING=true "$bin/python" -m mkdocs build --quiet --strict
