# SPDX-License-Identifier: Apache-2.0
# bash completion for rulecheck(1)
_rulecheck()
{
	local cur prev words cword verb options
	_init_completion 2>/dev/null || {
		cur=${COMP_WORDS[COMP_CWORD]}
		prev=${COMP_WORDS[COMP_CWORD - 1]}
	}
	verb=${COMP_WORDS[1]}
	case $prev in
	--level)
		mapfile -t COMPREPLY < <(compgen -W "note warning error" -- "$cur")
		return
		;;
	-p | --priority)
		mapfile -t COMPREPLY < <(compgen -W "EMERGENCY ALERT CRITICAL ERROR WARNING NOTICE \
			INFORMATIONAL DEBUG" -- "$cur")
		return
		;;
	--stage)
		mapfile -t COMPREPLY < <(compgen -W "ast dag plan" -- "$cur")
		return
		;;
	esac
	case $verb in
	validate) options="--json --sarif --config" ;;
	lint) options="--level --json --sarif --config" ;;
	list) options="--name --priority --tag --source --enabled --disabled --json --markdown --csv --mitre --config" ;;
	explain) options="--ids --config" ;;
	test) options="--tap --junit --coverage --rules" ;;
	fmt) options="--write --check --diff" ;;
	lsp) options="--stdio --config" ;;
	diff) options="--config" ;;
	dump) options="--stage --name --config" ;;
	*) options="--version" ;;
	esac
	if ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "validate lint list explain test fmt lsp diff dump" -- "$cur"; compgen -f -- "$cur")
		compopt -o filenames
	elif [[ $verb == explain && $COMP_CWORD == 2 && $cur == RC* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(rulecheck explain --ids 2>/dev/null | cut -d' ' -f1)" -- "$cur")
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames
	fi
}
complete -F _rulecheck rulecheck
