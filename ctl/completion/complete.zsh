# SPDX-License-Identifier: Apache-2.0

_vqnicctl() {
	local all line
	local -a described
	if ! all=$(_vqnicctl_candidates "$PREFIX" "${(@Q)words[2,CURRENT-1]}"); then
		[[ $PREFIX != -*=* ]] || compset -P '*='
		_files
		return
	fi
	# _describe takes WORD:HELP.
	for line in "${(@f)all}"; do
		case $line in
		*$'\t'*) described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
		?*) described+=("${line//:/\\:}") ;;
		esac
	done
	_describe 'vqnicctl' described
}

# Loaded by compinit it is run at once, sourced it is not.
if [[ $funcstack[1] == _vqnicctl ]]; then
	_vqnicctl "$@"
else
	compdef _vqnicctl vqnicctl
fi
