#!/bin/sh
# Whether Node.js 20 or newer is installed, with npm.
command -v npm >/dev/null 2>&1 || exit 1
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null
