# SPDX-License-Identifier: Apache-2.0
# bash completion for evtcap(1)
_evtcap()
{
	local cur prev words cword
	_init_completion -n = 2>/dev/null || {
		cur=${COMP_WORDS[COMP_CWORD]}
		prev=${COMP_WORDS[COMP_CWORD - 1]}
	}
	case $prev in
	-r | --read | -w | --write)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames
		return
		;;
	-t | --time)
		mapfile -t COMPREPLY < <(compgen -W "clock date iso epoch relative delta" -- "$cur")
		return
		;;
	-e | --events)
		mapfile -t COMPREPLY < <(compgen -W "state io all" -- "$cur")
		return
		;;
	-F | --fields)
		mapfile -t COMPREPLY < <(compgen -P "${cur%"${cur##*,}"}" \
			-W "$(evtcap --list -N 2>/dev/null)" -- "${cur##*,}")
		compopt -o nospace
		return
		;;
	--by)
		mapfile -t COMPREPLY < <(compgen -W "events bytes" -- "$cur")
		return
		;;
	--engine)
		mapfile -t COMPREPLY < <(compgen -W "ebpf procfs" -- "$cur")
		return
		;;
	--color)
		mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$cur")
		return
		;;
	-k | --keep)
		mapfile -t COMPREPLY < <(compgen -W "tree= pid= comm= uid= cgrouptree= cgroup= path=" -- "$cur")
		return
		;;
	-s | --snaplen | -C | --file-size | -G | --file-time | -W | --files | -n | --count | \
		-p | --format | --rows | --poll | --full-ports | --sample)
		return
		;;
	esac
	if [[ $cur == --top=* ]]; then
		mapfile -t COMPREPLY < <(compgen -P "--top=" -W "proc file conn" -- "${cur#--top=}")
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "-r -e -s -k -w -z -C -G -W -n -p -F -t -i -S -N -q -h \
			--read --engine --poll --events --snaplen --dynamic-snaplen --full-ports --keep --sample --self --write --gzip --for-sysdig --file-size --file-time \
			--files --print --count --format --fields --json --reasons --time --color --info \
			--top --by --rows --summary --list --names-only --quiet --version \
			--help" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -W "$(evtcap --list -N 2>/dev/null)" -- "$cur")
	fi
}
complete -F _evtcap evtcap
