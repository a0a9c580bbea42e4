# SPDX-License-Identifier: Apache-2.0
# bash completion for saker(1)
_saker()
{
	local cur prev words cword
	_init_completion -n = 2>/dev/null || {
		cur=${COMP_WORDS[COMP_CWORD]}
		prev=${COMP_WORDS[COMP_CWORD - 1]}
	}
	case $prev in
	-c | --config | -r | --rules | -V | --validate | --replay)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames
		return
		;;
	-o | --option)
		mapfile -t COMPREPLY < <(compgen -S = -W "$(saker --list-keys 2>/dev/null | cut -d' ' -f1)" -- "$cur")
		compopt -o nospace
		return
		;;
	--format)
		mapfile -t COMPREPLY < <(compgen -W "text markdown json" -- "$cur")
		return
		;;
	-M | --max-seconds)
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "-c -o -r -M -U -v -V -N -h --config --option --rules \
		--replay --max-seconds --unbuffered --verbose --validate --dry-run --list \
		--names-only --list-keys --format --version --help" -- "$cur")
}
complete -F _saker saker
