# SPDX-License-Identifier: Apache-2.0
# bash completion for saker(1)
_saker_reply()
{
	mapfile -t COMPREPLY < <(compgen "${@:2}" -- "$1")
}
# The value of -o KEY=: words where the key has some, else files.
_saker_value()
{
	local words
	words=$(saker --list-keys --format json 2>/dev/null | grep -F "{\"key\":\"$1\"," |
		sed -n 's/.*"type":"\(bool\|enum\)","default":"[^"]*","limits":"\([^"]*\)".*/\1|\2/p')
	words=${words/#bool|/true|false}
	words=${words/#enum|/}
	if [[ $words ]]; then
		_saker_reply "$2" -W "${words//|/ }"
	else
		_saker_reply "$2" -f
		compopt -o filenames 2>/dev/null
	fi
}
_saker()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} before=
	# "=" is a word of its own here: KEY = VALUE, --list = CLASS.
	if [[ $cur == = ]]; then
		before=$prev cur=
	elif [[ $prev == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $prev == -o && $cur == *=* ]]; then
		before=${cur%%=*} cur=${cur#*=}
	fi
	case $before in
	"") ;;
	--list)
		_saker_reply "$cur" -W "$(saker --list -N 2>/dev/null | cut -d. -f1 | sort -u)"
		return
		;;
	*)
		_saker_value "$before" "$cur"
		return
		;;
	esac
	case $prev in
	-c | --config | -r | --rules | -V | --validate | --replay)
		_saker_reply "$cur" -f
		compopt -o filenames 2>/dev/null
		return
		;;
	-o | --option)
		_saker_reply "$cur" -S = -W "$(saker --list-keys 2>/dev/null | cut -d' ' -f1)"
		compopt -o nospace 2>/dev/null
		return
		;;
	--list)
		_saker_reply "$cur" -W "$(saker --list -N 2>/dev/null | cut -d. -f1 | sort -u)"
		return
		;;
	--format)
		_saker_reply "$cur" -W "text markdown json"
		return
		;;
	-M | --max-seconds | -l | --describe-rule)
		return
		;;
	esac
	_saker_reply "$cur" -W "-c -o -r -M -U -v -V -L -l -N -h --config --option --rules \
		--replay --max-seconds --unbuffered --verbose --validate --describe --describe-rule --dry-run --list \
		--names-only --list-keys --format --version --help"
}
complete -F _saker saker
