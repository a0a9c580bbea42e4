# SPDX-License-Identifier: Apache-2.0
# bash completion for evtagg(1); verbs and options are those of its own help
_evtagg()
{
	local cur prev words cword verb i
	_init_completion -n = 2>/dev/null || {
		cur=${COMP_WORDS[COMP_CWORD]}
		prev=${COMP_WORDS[COMP_CWORD - 1]}
	}
	local verbs
	verbs=$(evtagg --help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')
	verb=count
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ " ${verbs//$'\n'/ } " == *" ${COMP_WORDS[i]} "* ]]; then
			verb=${COMP_WORDS[i]}
			break
		fi
	done
	case $prev in
	--color)
		mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$cur")
		return
		;;
	-s | --sort)
		mapfile -t COMPREPLY < <(compgen -W "count rare name priority first last rate burst hosts distinct" -- "$cur")
		return
		;;
	--protect)
		mapfile -t COMPREPLY < <(compgen -W "emergency alert critical error warning notice informational debug" -- "$cur")
		return
		;;
	--fail-on)
		mapfile -t COMPREPLY < <(compgen -P "${cur%"${cur##*,}"}" -W "gone undecided appear" -- "${cur##*,}")
		return
		;;
	--format)
		mapfile -t COMPREPLY < <(compgen -W "json text syslog journal-json journal-export docker cri" -- "$cur")
		return
		;;
	-b | --by | -d | --distinct)
		mapfile -t COMPREPLY < <(compgen -P "${cur%"${cur##*,}"}" \
			-W "rule priority source hostname tags input container.image.repository container.name k8s.ns.name k8s.pod.name proc.name proc.pname proc.cmdline proc.exepath user.name fd.name evt.type" \
			-- "${cur##*,}")
		compopt -o nospace 2>/dev/null
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(evtagg "$verb" --help 2>/dev/null | sed -n 's/^  .. *\(--[a-z-]*\).*/\1/p; s/^  -., \(--[a-z-]*\).*/\1/p')" -- "$cur")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -f -W "journal: docker: podman:" -- "$cur")
	if ((COMP_CWORD == 1)); then
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$verbs" -- "$cur")
	fi
	compopt -o filenames 2>/dev/null
}
complete -F _evtagg evtagg
