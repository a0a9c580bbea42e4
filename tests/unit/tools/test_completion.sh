#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The completions of saker(1): bash's are asked, and all three know every option of --help.
# SAKER_EXE is the agent, SAKER_COMPLETIONS the folder of the three files.
set -u
failed=0
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
ln -s "$SAKER_EXE" "$bin/saker"
PATH=$bin:$PATH
# shellcheck source=/dev/null
. "$SAKER_COMPLETIONS/saker.bash"

# asked WANTED WORD...: what the last word is completed to, in any order and beside others.
asked() {
	local wanted=$1 word
	shift
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	_saker
	for word in $wanted; do
		if [[ " ${COMPREPLY[*]-} " != *" $word "* ]]; then
			echo "$*: '$word' is missing in: ${COMPREPLY[*]-}"
			failed=1
		fi
	done
}

asked "--rules --replay" saker --r
asked "json_output= json_include_tags_property=" saker -o json_
asked "rules[].enable.rule=" saker -o rules
asked "true false" saker -o json_output = ""
asked "emergency error" saker -o priority = e
asked "proc" saker --list = p
asked "proc fd evt" saker --list =
asked "text markdown json" saker --format ""
asked "$bin/saker" saker -r "$bin/s"
asked "$bin/saker" saker -o file_output.filename = "$bin/s"
while read -r option; do
	asked "--$option" saker "--$option"
	for file in _saker saker.fish; do
		grep -qE -- "(--|-l )$option([^a-z-]|\$)" "$SAKER_COMPLETIONS/$file" || {
			echo "$file does not know --$option"
			failed=1
		}
	done
done < <(saker --help | sed -n 's/^  .. *--\([a-z-]*\).*/\1/p; s/^  -., --\([a-z-]*\).*/\1/p' | sort -u)
exit "$failed"
