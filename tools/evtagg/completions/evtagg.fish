# SPDX-License-Identifier: Apache-2.0
# fish completion for evtagg(1); verbs and options are those of its own help
function __evtagg_verbs
	evtagg --help 2>/dev/null | sed -n 's/^  \([a-z]*\)  *\(.*\)/\1\t\2/p'
end
function __evtagg_options
	set -l verb count
	for word in (commandline -opc)[2..-1]
		if __evtagg_verbs | string match -q -r "^$word\t"
			set verb $word
			break
		end
	end
	evtagg $verb --help 2>/dev/null | sed -n 's/^  .. *--\([a-z-]*\)[^ ]*  *\(.*\)/--\1\t\2/p; s/^  -., --\([a-z-]*\)[^ ]*  *\(.*\)/--\1\t\2/p'
end
complete -c evtagg -n 'test (count (commandline -opc)) -eq 1' -a '(__evtagg_verbs)'
complete -c evtagg -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__evtagg_options)'
complete -c evtagg -a 'journal: docker: podman:'
