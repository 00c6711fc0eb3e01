#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion for bash: what it answers to lines, and that readline makes the right line of it.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

setup() {
	setup_dir
	LOG=$DIR/none
	: >"$LOG"
	PATH=$BUILD:$PATH
	"$top/scripts/gen-completion" "$BUILD" >"$DIR/completion"
	# shellcheck disable=SC1091
	source "$DIR/completion"
}
teardown() { teardown_tgtd; }

# answers LINE: the words that complete it, in one line.
answers() {
	local function
	COMP_LINE=$1 COMP_POINT=${#1}
	function=$(complete -p "${1%% *}" | sed 's/.* -F \([^ ]*\) .*/\1/')
	"$function"
	printf '%s\n' "${COMPREPLY[@]}" | sed 's/ *$//' | LC_ALL=C sort | paste -sd' '
}

# expect LINE WORDS
expect() {
	local got
	got=$(answers "$1")
	[ "$got" = "$2" ] || { echo "'$1': '$got', not '$2'"; return 1; }
}

# has LINE WORD...: at least these.
has() {
	local got word
	got=" $(answers "$1") "
	shift
	for word; do
		[[ $got == *" $word "* ]] || { echo "no '$word' in:$got"; return 1; }
	done
}

@test "objects, verbs and their options come from the table" {
	expect 'tgtadm t' 'target top'
	has 'tgtadm ' target logicalunit system help
	expect 'tgtadm target ' 'bind delete new show stat unbind update'
	expect 'tgtadm target n' 'new'
	has 'tgtadm target new --' --tid= --targetname= --lld= --json --control-port=
	expect 'tgtadm target new --ta' '--targetname='
	expect 'tgtadm lu delete --f' '--force'
	expect 'tgtadm help log' 'logicalunit'
	expect 'tgtadm help lu n' 'new'
	# One that is there already is not offered again.
	expect 'tgtadm target delete --tid=4 --t' ''
	expect 'tgtadm --json -C 3 system s' 'show stat'
	has 'tgtadm top ' --interval= --once --sort=
	expect 'tgtadm top --once --view ' 'luns sessions targets'
	has 'tgtadm top --sort=read' reads read-p99
}

@test "every verb and option of the table is offered" {
	while read -r object verb options; do
		[[ $object != classic && $object != top ]] || continue
		has "tgtadm $object " "$verb"
		[ -z "$options" ] || has "tgtadm $object $verb --" $options
		has "tgtadm --mode $object --op " "$verb"
	done < <(tgtadm help --completion)
}

@test "the classic form has modes, operations and the options of both" {
	has 'tgtadm --' --mode= --op= --lld= --version
	expect 'tgtadm --mode lo' 'logicalunit'
	expect 'tgtadm --mode=lo' 'logicalunit'
	expect 'tgtadm -m tgt -o sh' 'show'
	expect 'tgtadm --lld iscsi --mode lu --op new --back' '--backing-store='
	expect 'tgtadm --op delete --mode lu --lu' '--lun='
	expect 'tgtadm --mode system --op update --name ' 'State debug'
	expect 'tgtadm --mode system --op update --name State --value ' 'offline ready'
}

@test "what runs is known: targets, LUNs, stores, drivers" {
	expect 'tgtadm target show --tid ' ''
	start_tgtd
	add_target 1 "$IQN"
	add_target 12 iqn.2026-11.org.example:second
	add_lun 12 1 "$(make_disk d 16M)"
	add_lun 12 7 "$(make_disk e 16M)"
	expect 'tgtadm target show --tid ' '1 12'
	expect 'tgtadm target show --tid=1' '1 12'
	expect 'tgtadm lu delete --tid 12 --lun ' '0 1 7'
	expect 'tgtadm --mode lu --op delete -t 12 -l 7' '7'
	has 'tgtadm --mode lu --op new --bstype ' rdwr null mem
	has 'tgtadm lu new --bstype=r' rdwr
	expect 'tgtadm --lld ' 'iscsi'
	has 'tgtadm target update --tid 1 --name ' state MaxConnections
	expect 'tgtadm target update --tid 1 --name state --value r' 'ready'
	expect 'tgt-admin --update tid=' '1 12'
	has 'tgt-admin --delete ' ALL help tid=12 "$IQN"
	# bash has split at the colon: it wants what comes behind.
	COMP_WORDBREAKS=$' \t\n:='
	expect "tgt-admin --delete ${IQN%:*}:" 'second t1'
	expect "tgt-setup-lun -n ${IQN%:*}:s" 'second'
	expect 'tgt-setup-lun -t ' 'iscsi'
}

@test "the daemon of the line's control port is asked" {
	start_tgtd -C 6
	tgtadm -C 6 --mode target --op new --tid 42 -T "$IQN"
	expect 'tgtadm -C 6 target show --tid ' '42'
	expect 'tgtadm --control-port=6 target show --tid ' '42'
	expect 'tgtadm target show --tid ' ''
}

@test "the other programs: all options of their help, and what can follow" {
	for program in tgtd tgtimg tgt-admin; do
		while read -r option; do
			got=$(answers "$program $option")
			[[ $got == *"$option"* ]] || { echo "$program lacks $option"; return 1; }
		done < <("$program" --help | sed -nE 's/^ +(-., )?(--[a-z_-]+).*/\2/p')
	done
	expect 'tgtd --iscsi ' 'dscp= interface= keepalive= nop_count= nop_interval= portal= tag= user_timeout='
	expect 'tgtd --debug ' '0 1'
	expect 'tgtimg --op ' 'new show'
	expect 'tgtimg -o n' 'new'
	has 'tgtimg --device-type ' disk cd
	expect 'tgtimg -Y cd -t ' 'dvd+r'
	expect 'tgtimg -Y disk --type=r' 'raw'
	expect 'tgt-setup-lun -' '-B -C -b -d -h -n -t'
	mkdir "$DIR/files"
	touch "$DIR/files/one" "$DIR/files/only"
	expect "tgtimg --file $DIR/files/on" "$DIR/files/one $DIR/files/only"
	expect "tgtadm lu new -b $DIR/files/onl" "$DIR/files/only"
	expect "tgtd --state-dir $DIR/fi" "$DIR/files"
	expect "tgt-admin -c $DIR/files/onl" "$DIR/files/only"
}

# What readline makes of the answers, on a terminal: keys typed, the line that is then run.
@test "readline completes words, values behind = and names with colons" {
	start_tgtd
	add_target 1 "$IQN"
	cat >"$DIR/type.py" <<-'END'
	import os, pty, select, sys, time
	def until(fd, mark, text=b""):
	    end = time.time() + 20
	    while mark not in text and time.time() < end:
	        if select.select([fd], [], [], 0.2)[0]:
	            text += os.read(fd, 4096)
	    return text
	pid, fd = pty.fork()
	if not pid:
	    os.environ["PS1"] = "ready>"
	    os.environ["TERM"] = "dumb"
	    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
	until(fd, b"ready>")
	os.write(fd, b"bind 'set enable-bracketed-paste off'; source '%s'; echo so''urced\n" % sys.argv[1].encode())
	until(fd, b"sourced\r\n")
	for keys in sys.argv[2:]:
	    os.write(fd, keys.encode().replace(b"<TAB>", b"\t") + b"\x01echo L:'\x05:E'\n")
	    text = until(fd, b":E\r\n")
	    line = text.replace(b"\r\n", b"\n").split(b"\nL:")[-1].split(b":E\n")[0]
	    print(line.decode().rstrip())
	os.write(fd, b"exit\n")
	END
	run python3 "$DIR/type.py" "$DIR/completion" 'tgtadm targ<TAB>sh<TAB>--ti<TAB>1<TAB>' \
		'tgtadm --mo<TAB>sys<TAB>--o<TAB>sh<TAB>' "tgt-admin --up<TAB>${IQN%1}<TAB>" \
		"tgtimg --fi<TAB>$DIR/compl<TAB>"
	echo "$output"
	[ "${lines[0]}" = 'tgtadm target show --tid=1' ]
	[ "${lines[1]}" = 'tgtadm --mode=system --op=show' ]
	[ "${lines[2]}" = "tgt-admin --update=$IQN" ]
	[ "${lines[3]}" = "tgtimg --file=$DIR/completion" ]
}
