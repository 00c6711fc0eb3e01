# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2046,SC2086,SC2154
#
# Completion for bash: tgtadm, tgt-admin, tgtd, tgtimg, tgt-setup-lun. scripts/gen-completion puts
# before this what the programs know: $_tgt_verbs, a line for each verb of tgtadm with its options,
# and $_tgt_options_PROGRAM; an option that takes a value ends in "=". Targets, LUNs, stores and
# drivers are asked of the running daemon.

# Sets $words, up to the cursor, and of the last one $opt and $cur: "--tid=4" is an option and a
# value, and so are "--tid 4" and "-t 4". bash splits at colons too, and names of targets have some.
_tgt_words() {
	local line=${COMP_LINE:0:COMP_POINT}
	read -ra words <<<"$line"
	[[ $line == *[[:blank:]] ]] && words+=('')
	cur=${words[-1]} opt=''
	if [[ $cur == --*=* ]]; then
		opt=${cur%%=*} cur=${cur#*=}
	elif [ ${#words[@]} -gt 2 ] && [[ ${words[-2]} == -* ]]; then
		opt=${words[-2]}
	fi
}

# _tgt_reply WORD...: those that go on from $cur. What bash takes for whole words before the last
# colon or equals sign is left out of the answer. Behind a "=" a value follows, else a blank.
_tgt_reply() {
	local word cut=''
	[[ $cur == *[:=]* && $COMP_WORDBREAKS == *:* ]] && cut=${cur%"${cur##*[:=]}"}
	for word; do
		[[ $word == "$cur"* ]] || continue
		word=${word#"$cut"}
		[[ $word == *= ]] || word+=' '
		COMPREPLY+=("$word")
	done
}

# _tgt_files [-d]: files, or directories; readline ends them.
_tgt_files() {
	compopt -o filenames +o nospace 2>/dev/null
	mapfile -t COMPREPLY < <(compgen "${1:--f}" -- "$cur")
}

# The daemon that the line so far names with -C.
_tgt_ask() {
	local i port=()
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		-C | --control-port) port=(-C "${words[i + 1]}") ;;
		--control-port=*) port=(-C "${words[i]#*=}") ;;
		esac
	done
	command tgtadm "${port[@]}" "$@" 2>/dev/null
}

# Numbers of targets, or their names.
_tgt_targets() {
	_tgt_ask --mode target --op show | sed -n "s/^Target \([0-9]*\): \(.*\)/\\$1/p"
}

# _tgt_value NAME...: the value of the first of these options that the line has.
_tgt_value() {
	local i name
	for ((i = 1; i < ${#words[@]}; i++)); do
		for name; do
			case ${words[i]} in
			"$name") echo "${words[i + 1]:-}"; return ;;
			"$name"=*) echo "${words[i]#*=}"; return ;;
			esac
		done
	done
	return 1
}

_tgt_luns() {
	_tgt_ask --mode target --op show | awk -v tid="$(_tgt_value --tid -t):" '
		$1 == "Target" { here = $2 == tid }
		here && $1 == "LUN:" { print $2 }'
}

# Of the target's connections: "Session:" or "Connection:".
_tgt_connections() {
	_tgt_ask --mode connection --op show --tid "$(_tgt_value --tid -t)" |
		awk -v word="$1" '$1 == word { print $2 }'
}

# Words of a section of "system show", whose lines stand one by one below its title.
_tgt_system() {
	_tgt_ask --mode system --op show | awk -v title="$1:" '
		/^[^ ]/ { on = $0 == title; next }
		on { sub(":", "", $1); print $1 }'
}

# What comes after an option of any of the programs. 1: the option takes no value that is known.
_tgt_after() {
	case $1 in
	--tid | -t) _tgt_reply $(_tgt_targets 1) ;;
	--lun | -l) _tgt_reply $(_tgt_luns) ;;
	--sid | -s) _tgt_reply $(_tgt_connections Session:) ;;
	--cid | -c) _tgt_reply $(_tgt_connections Connection:) ;;
	--lld | -L) _tgt_reply $(_tgt_system LLDs) ;;
	--bstype | -E) _tgt_reply $(_tgt_system 'Backing stores') ;;
	--device-type | -Y) _tgt_reply disk tape cd changer osd pt ;;
	--bsoflags | -f) _tgt_reply sync direct sync:direct ;;
	--initiator-address | -I) _tgt_reply ALL ;;
	--backing-store | -b | --password-file) _tgt_files ;;
	*) return 1 ;;
	esac
}

# _tgt_options NAME=...: these options, unless the line has them already.
_tgt_options() {
	local option left=()
	for option; do
		[[ $option == -?= ]] && option=${option%=}
		[[ " ${words[*]:0:${#words[@]}-1} " == *" ${option%=}"[\ =]* ]] || left+=("$option")
	done
	_tgt_reply "${left[@]}"
}

# Whether option $1 takes a value, by the list of the program's options that follows.
_tgt_takes() {
	local option=$1
	shift
	[[ " $* " == *" $option= "* ]]
}

# --- tgtadm ---------------------------------------------------------------------------------------

# Objects; with an object its verbs; with both the options.
_tgtadm_table() {
	awk -v object="${1:-}" -v verb="${2:-}" '
		$1 == "classic" { next }
		$1 == "top" && object == "top" { for (i = 2; i <= NF; i++) print $i; next }
		object == "" { if (!seen[$1]++) print $1; next }
		verb == "" { if ($1 == object) print $2; next }
		$1 == object && $2 == verb { for (i = 3; i <= NF; i++) print $i }' <<<"$_tgt_verbs"
}

# "top" has options and no verbs.
_tgtadm_top() {
	case $opt in
	--view) _tgt_reply luns targets sessions ;;
	--sort)
		_tgt_reply name reads writes read-bytes write-bytes mean read-p99 write-p99 depth errors
		;;
	*)
		_tgt_takes "$opt" $_tgt_verbs ||
			_tgt_options $(sed -n 's/^top //p' <<<"$_tgt_verbs") --json --control-port= --help
		;;
	esac
}

_tgtadm_object() {
	case $1 in
	sys) echo system ;;
	tgt) echo target ;;
	lu) echo logicalunit ;;
	pt) echo portal ;;
	sess) echo session ;;
	conn) echo connection ;;
	*) echo "$1" ;;
	esac
}

# The first two words; options that belong to the classic form may not stand before them.
_tgtadm_bare() {
	local i
	object='' verb=''
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		-C | --control-port) ((i++)) ;;
		-C* | --control-port=* | --json | -d | --debug) ;;
		-*) [ -n "$object" ] || return ;;
		*)
			if [ -z "$object" ]; then
				object=${words[i]}
			else
				verb=${words[i]}
				return
			fi
			;;
		esac
	done
}

_tgtadm_options() {
	local known
	known=$(_tgtadm_table "$(_tgtadm_object "$object")" "$verb")
	_tgt_options $known "$@" --control-port= --json --debug --help
}

# update --name: what there is to set.
_tgtadm_names() {
	case $object in
	system) _tgt_reply State debug ;;
	target)
		_tgt_reply state $(_tgt_ask --mode target --op show --tid "$(_tgt_value --tid -t)" |
			sed 's/=.*//')
		;;
	esac
}

# Values whose words depend on others in the line.
_tgtadm_value() {
	case $opt in
	--mode | -m) _tgt_reply $(_tgtadm_table) ;;
	--op | -o) _tgt_reply $(_tgtadm_table "$object") ;;
	--name | -n) _tgtadm_names ;;
	--view) _tgt_reply luns targets sessions ;;
	--sort) _tgt_reply name reads writes read-bytes write-bytes mean read-p99 write-p99 depth errors ;;
	--value | -v)
		case $(_tgt_value --name -n) in
		State | state) _tgt_reply ready offline ;;
		debug) _tgt_reply on off ;;
		esac
		;;
	*) _tgt_after "$opt" ;;
	esac
}

_tgtadm() {
	local words cur opt object verb
	COMPREPLY=()
	_tgt_words
	_tgtadm_bare
	local classic=''
	if [ -z "$object" ]; then
		object=$(_tgtadm_object "$(_tgt_value --mode -m)")
		verb=$(_tgt_value --op -o)
		classic=y
	elif [ "$object" = help ]; then
		_tgt_reply $(_tgtadm_table ${verb:+"$(_tgtadm_object "$verb")"})
		return
	elif [ "$object" = top ]; then
		_tgtadm_top
		return
	fi
	if [[ $opt == -? ]] || _tgt_takes "$opt" $_tgt_verbs; then
		_tgtadm_value && return
		_tgt_takes "$opt" $_tgt_verbs && return
	fi
	if [[ $cur != -* && -n $classic && -z $(_tgt_value --mode -m) ]]; then
		_tgt_reply $(_tgtadm_table) help
	elif [ -z "$classic" ] && [ -z "$verb" ]; then
		_tgt_reply $(_tgtadm_table "$(_tgtadm_object "$object")")
	elif [ -n "$classic" ]; then
		_tgtadm_options --mode= --op= --lld= --version
	else
		_tgtadm_options
	fi
}

# --- the others -----------------------------------------------------------------------------------

_tgt_admin() {
	local words cur opt
	COMPREPLY=()
	_tgt_words
	case $opt in
	--update | --delete | --offline | --ready)
		_tgt_reply ALL help $(_tgt_targets 2) $(_tgt_targets 1 | sed 's/^/tid=/')
		;;
	--conf | -c | --save) _tgt_files ;;
	--control-port | -C) ;;
	*) _tgt_options $_tgt_options_tgt_admin ;;
	esac
}

_tgtd() {
	local words cur opt
	COMPREPLY=()
	_tgt_words
	case $opt in
	--iscsi)
		_tgt_reply portal= tag= interface= dscp= keepalive= user_timeout= nop_interval= \
			nop_count=
		;;
	--debug | -d) _tgt_reply 0 1 ;;
	--state-dir | -s) _tgt_files -d ;;
	--pid-file | -p | --config) _tgt_files ;;
	*) _tgt_takes "$opt" $_tgt_options_tgtd || _tgt_options $_tgt_options_tgtd ;;
	esac
}

_tgtimg() {
	local words cur opt type
	COMPREPLY=()
	_tgt_words
	case $opt in
	--op | -o) _tgt_reply new show ;;
	--device-type | -Y) _tgt_reply $(awk '{ print $1 }' <<<"$_tgt_media") ;;
	--type | -t)
		type=$(_tgt_value --device-type -Y)
		_tgt_reply $(awk -v type="$type" \
			'type == "" || $1 == type { $1 = ""; print }' <<<"$_tgt_media")
		;;
	--file | -f) _tgt_files ;;
	*) _tgt_takes "$opt" $_tgt_options_tgtimg || _tgt_options $_tgt_options_tgtimg ;;
	esac
}

_tgt_setup_lun() {
	local words cur opt
	COMPREPLY=()
	_tgt_words
	case $opt in
	-d) _tgt_files ;;
	-b) _tgt_reply $(_tgt_system 'Backing stores') ;;
	-t) _tgt_reply $(_tgt_system LLDs) ;;
	-B) _tgt_reply 512 4096 ;;
	-n) _tgt_reply $(_tgt_targets 2) ;;
	-C) ;;
	*) _tgt_options -n -d -b -B -t -C -h ;;
	esac
}

complete -o nospace -F _tgtadm tgtadm
complete -o nospace -F _tgt_admin tgt-admin
complete -o nospace -F _tgtd tgtd
complete -o nospace -F _tgtimg tgtimg
complete -o nospace -F _tgt_setup_lun tgt-setup-lun
