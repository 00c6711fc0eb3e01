# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests in the virtual machine share; they source it first. Tests count themselves: ok()
# runs a command and prints a line of TAP, finish() prints the plan and leaves. To start a program
# takes 20 ms where processors are emulated: read files of /sys with the shell's read, not cat.

work=/run/work
target=iqn.2026-11.org.example:vm
portal=127.0.0.1:3260
export TGT_IPC_SOCKET=$work/socket
tests=0 failures=0 tgtd=''
mkdir -p $work/state
cd $work || exit 1
[ -x "$BUILD/tgtd" ] || { echo "Bail out! no $BUILD/tgtd"; exit 1; }

# --- counting -------------------------------------------------------------------------------------

# ok TEXT COMMAND...: one test.
ok() {
	local text=$1 rc start=$EPOCHREALTIME
	shift
	tests=$((tests + 1))
	"$@" >$work/output 2>&1
	rc=$?
	[ $rc -eq 0 ] || printf 'not '
	printf 'ok %d - %s (%d ms)\n' $tests "$text" $(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
	[ $rc -eq 0 ] && return 0
	failures=$((failures + 1))
	printf '%s: exit %d\n' "$*" $rc | cat - $work/output | tail -n 40 | sed 's/^/# /'
	return 1
}

skip() {
	tests=$((tests + 1))
	printf 'ok %d - %s # skip %s\n' $tests "$1" "$2"
}

finish() {
	[ $failures -eq 0 ] || [ ! -s $work/tgtd.log ] || tail -n 20 $work/tgtd.log | sed 's/^/# tgtd: /'
	echo "1..$tests"
	exit $((failures > 0))
}

# Without what COMMAND prepares, there is nothing to test.
need() {
	ok "$@" || finish
}

# within SECONDS COMMAND...: tries it until it succeeds; says what it said last.
within() {
	local end=$((SECONDS + $1)) said=''
	shift
	until said=$("$@" 2>&1); do
		[ $SECONDS -lt $end ] || { echo "$said"; return 1; }
		sleep 0.1
	done
	echo "$said"
}

# same WHAT IS EXPECTED
same() {
	[ "$2" = "$3" ] || { echo "$1 is '$2', not '$3'"; return 1; }
}

# --- the target -----------------------------------------------------------------------------------

adm() {
	"$BUILD/tgtadm" "$@"
}

# tgtd_start [OPTION]...: returns when it answers.
tgtd_start() {
	"$BUILD/tgtd" -f -s $work/state --iscsi portal="${PORTALS:-$portal}" "$@" >>$work/tgtd.log 2>&1 &
	tgtd=$!
	within 20 adm system show >/dev/null
}

tgtd_alive() {
	kill -0 "$tgtd"
}

# target_new TID [NAME]: a target that anybody may use.
target_new() {
	adm target new --tid "$1" --targetname "${2:-$target}" && adm target bind --tid "$1" --initiator-address ALL
}

# lun_new TID LUN FILE SIZE [ARGUMENT]...: the file is made when it isn't there.
lun_new() {
	local tid=$1 lun=$2 file=$3 size=$4
	shift 4
	[ -e "$file" ] || truncate -s "$size" "$file" || return
	adm logicalunit new --tid "$tid" --lun "$lun" --backing-store "$file" "$@"
}

# says TEXT COMMAND...: it succeeds, and its output has the text, a regular expression.
says() {
	local text=$1 out
	shift
	out=$("$@" 2>&1) || { echo "$out"; echo "$* failed"; return 1; }
	grep -qE -- "$text" <<<"$out" || { echo "$out"; echo "no '$text'"; return 1; }
}

# refuses STATUS COMMAND...: exit statuses of sg3_utils, see sg3_utils(8).
refuses() {
	local status=$1
	shift
	"$@"
	same 'exit status' $? "$status"
}

# --- the initiator --------------------------------------------------------------------------------

initiator_start() {
	modprobe -a sd_mod sg iscsi_tcp || return
	mkdir -p /run/lock/iscsi /etc/iscsi
	echo 'InitiatorName=iqn.2026-11.org.example:initiator' >/etc/iscsi/initiatorname.iscsi
	rm -rf /etc/iscsi/nodes /etc/iscsi/send_targets
	iscsid
}

node() {
	iscsiadm -m node -T $target -p "${NODE:-$portal}" "$@"
}

# node_set NAME VALUE [NAME VALUE]...: what the next login asks for.
node_set() {
	local arguments=()
	while [ $# -gt 0 ]; do
		arguments+=(-n "$1" -v "$2")
		shift 2
	done
	node -o update "${arguments[@]}"
}

# disk LUN [SESSION]: prints the kernel's name of the LUN, as sda.
disk() {
	local d
	for d in /sys/class/iscsi_session/session${2:-*}/device/target*/*:"$1"/block/*; do
		[ -e "$d" ] && echo "${d##*/}" && return 0
	done
	echo "no disk for LUN $1"
	return 1
}

# login [LUN]...: logs in and waits for the disks.
login() {
	local lun
	node --login || return
	for lun in "$@"; do
		within 20 disk "$lun" >/dev/null || return
	done
}

logout() {
	node --logout
}

# attribute FILE: the line in it, of /sys.
attribute() {
	local line
	read -r line <"$1" && printf '%s\n' "$line"
}

# has FILE EXPECTED
has() {
	local line=''
	read -r line <"$1"
	same "$1" "$line" "$2"
}

# forget DISK: what was read of it is read again.
forget() {
	sync
	blockdev --flushbufs "/dev/$1" && echo 3 >/proc/sys/vm/drop_caches
}

# fio_verify DISK [OPTION]...: a mebibyte-sized part of a disk written and read again.
fio_verify() {
	local disk=$1
	shift
	fio --name=verify --filename="/dev/$disk" --ioengine=libaio --verify=crc32c --verify_fatal=1 \
		--do_verify=1 --output-format=normal "$@"
}
