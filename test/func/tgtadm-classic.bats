#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The classic command line of tgtadm against tgtd: what is printed and how it exits, word for
# word as scripts of the predecessor expect.

load lib.bash

setup() {
	setup_dir
}

teardown() {
	teardown_tgtd
}

# fails CODE SENTENCE ARG...: exit code and first line of stderr.
fails() {
	local code=$1 sentence=$2 rc=0
	shift 2
	tgtadm "$@" >"$DIR/out" 2>"$DIR/err" || rc=$?
	[ "$rc" = "$code" ] || { echo "tgtadm $*: exit $rc, not $code"; cat "$DIR/err"; return 1; }
	[ "$(head -n 1 "$DIR/err")" = "tgtadm: $sentence" ] || {
		echo "tgtadm $*: not '$sentence' but:"
		cat "$DIR/err"
		return 1
	}
	[ ! -s "$DIR/out" ]
}

# Identities differ from host to host.
without_identity() {
	sed -e 's/\(SCSI ID:\) IET     [0-9a-f]\{16\}$/\1 (id)/' -e 's/\(SCSI SN:\) beaf[0-9a-f]\{16\}$/\1 (sn)/'
}

@test "without tgtd the exit code is 107 and the sentence is the old one" {
	local sentence='failed to send request hdr to tgt daemon, Transport endpoint is not connected'
	fails 107 "$sentence" --lld iscsi --mode target --op show
	fails 107 "$sentence" --mode sys --op show -C 5
	grep -q "^tgtadm: .*control.5: .*is tgtd running" "$DIR/err"
}

@test "a command line that makes no sense is refused before tgtd is asked" {
	fails 22 'specify the operation type'
	fails 22 'specify the mode' --op new
	fails 1 'unknown mode: foo' --mode foo --op show
	fails 1 'unknown operation: foo' --mode target --op foo
	fails 22 "'tid' option is necessary" --mode target --op new
	fails 22 "'tid' cannot be 0" --mode target --op new --tid 0 -T a
	fails 22 "target mode: option '-l' is not allowed/supported" --mode target --op show -l 1
	run tgtadm --mode target --op new --tid x
	[ "$status" -eq 22 ]
	[ "${lines[0]}" = "-t argument value 'x' invalid" ]
	[ "${lines[1]}" = "Try \`tgtadm --help' for more information." ]
}

@test "errors of tgtd have the old sentences and exit with 22" {
	start_tgtd
	add_target
	add_lun 1 1 "$(make_disk a 10M)"
	fails 22 'this target already exists' --mode target --op new --tid 1 -T iqn.2026-11.org.example:new
	fails 22 'this target already exists' --mode target --op new --tid 2 -T "$IQN"
	fails 22 'invalid request' --mode target --op new --tid 2 -T foo_bar
	fails 22 "can't find the driver" --lld foo --mode target --op new --tid 2 -T iqn.2026-11.org.example:new
	fails 22 "can't find the driver" --lld foo --mode target --op show
	fails 22 "can't find the target" --mode target --op show --tid 9
	fails 22 "can't find the target" --mode target --op delete --tid 9
	fails 22 "can't find the target" --mode lu --op new --tid 9 --lun 1 -b "$DIR/a"
	fails 22 "can't find the target" --mode conn --op show
	fails 22 "can't find the logical unit" --mode lu --op delete --tid 1 --lun 9
	fails 22 "can't find the session" --mode sess --op stat --sid 1
	fails 22 'this logical unit number already exists' --mode lu --op new --tid 1 --lun 1 -b "$DIR/a"
	fails 22 'this logical unit number already exists' --mode lu --op new --tid 1 --lun 0 -b "$DIR/a"
	fails 22 'invalid request' --mode lu --op new --tid 1 --lun 2 -b "$DIR/absent"
	grep -q "^tgtadm: .*$DIR/absent: No such file or directory" "$DIR/err"
	fails 22 'invalid request' --mode lu --op delete --tid 1 --lun 0
	fails 22 'this access control rule already exists' --mode target --op bind --tid 1 -I ALL
	fails 22 'this access control rule does not exist' --mode target --op unbind --tid 1 -I 9.9.9.9
	fails 22 'this driver is busy' --mode lld --op stop --lld iscsi
	fails 22 'invalid request' --mode sys --op delete
	fails 22 'invalid request' --mode sys --op update --name foo --value on
	fails 22 'invalid request' --mode target --op update --tid 1 --name foo --value 1
}

@test "target show is printed line for line as before" {
	start_tgtd
	add_target
	tgtadm --mode target --op bind --tid 1 -I 10.0.0.0/8 -Q iqn.2026-11.org.example:host
	add_lun 1 1 "$(make_disk a 10M)"
	tgtadm --mode lu --op new --tid 1 --lun 2
	add_lun 1 4 "$(make_disk b 104857600)" --bsoflags sync:direct
	tgtadm --mode target --op show | without_identity >"$DIR/show"
	diff "$DIR/show" - <<-END
		Target 1: $IQN
		    System information:
		        Driver: iscsi
		        State: ready
		    I_T nexus information:
		    LUN information:
		        LUN: 0
		            Type: controller
		            SCSI ID: (id)
		            SCSI SN: (sn)
		            Size: 0 MB, Block size: 1
		            Online: Yes
		            Removable media: No
		            Prevent removal: No
		            Readonly: No
		            SWP: No
		            Thin-provisioning: No
		            Backing store type: null
		            Backing store path: None
		            Backing store flags: 
		        LUN: 1
		            Type: disk
		            SCSI ID: (id)
		            SCSI SN: (sn)
		            Size: 10 MB, Block size: 512
		            Online: Yes
		            Removable media: No
		            Prevent removal: No
		            Readonly: No
		            SWP: No
		            Thin-provisioning: No
		            Backing store type: rdwr
		            Backing store path: $DIR/a
		            Backing store flags: 
		        LUN: 2
		            Type: disk
		            SCSI ID: (id)
		            SCSI SN: (sn)
		            Size: 0 MB, Block size: 512
		            Online: No
		            Removable media: Yes
		            Prevent removal: No
		            Readonly: No
		            SWP: No
		            Thin-provisioning: No
		            Backing store type: rdwr
		            Backing store path: None
		            Backing store flags: 
		        LUN: 4
		            Type: disk
		            SCSI ID: (id)
		            SCSI SN: (sn)
		            Size: 105 MB, Block size: 512
		            Online: Yes
		            Removable media: No
		            Prevent removal: No
		            Readonly: No
		            SWP: No
		            Thin-provisioning: No
		            Backing store type: rdwr
		            Backing store path: $DIR/b
		            Backing store flags: sync:direct
		    Account information:
		    ACL information:
		        ALL
		        10.0.0.0/8
		        iqn.2026-11.org.example:host
	END
	tgtadm --mode target --op update --tid 1 --name state --value offline
	tgtadm --mode target --op show | grep -qx '        State: offline'
	run tgtadm --mode target --op stat --tid 1
	[ "$output" = 'tgt lun sid rd_subm(bytes,cmds) rd_done(bytes,cmds) wr_subm(bytes,cmds) wr_done(bytes,cmds) errs' ]
}

@test "the system is shown and changed as before" {
	start_tgtd
	tgtadm --mode sys --op show >"$DIR/show"
	sed '/^Backing stores:/,/^iSNS:/d' "$DIR/show" | diff - <(printf '%s\n' 'System:' '    State: ready' \
		'    debug: off' 'LLDs:' '    iscsi: ready' '    iSNS=Off' '    iSNSServerIP=' \
		'    iSNSServerPort=3205' '    iSNSAccessControl=Off')
	grep -qx '    rdwr (bsoflags sync:direct)' "$DIR/show"
	grep -qx '    disk' "$DIR/show"
	tgtadm --op update --mode sys --name State -v offline
	tgtadm --op update --mode sys --name debug -v on
	tgtadm --mode sys --op show >"$DIR/show"
	grep -qx '    State: offline' "$DIR/show"
	grep -qx '    debug: on' "$DIR/show"
}

@test "system delete ends tgtd, and returns when it has gone" {
	start_tgtd
	tgtadm --mode sys --op delete
	fails 107 'failed to send request hdr to tgt daemon, Transport endpoint is not connected' --mode sys --op show
	wait_for 5 gone "$TGTD_PID"
	wait "$TGTD_PID"
	TGTD_PID=
}

@test "a disk takes the controller's place at LUN 0 when that is asked for" {
	start_tgtd
	add_target
	tgtadm --mode lu --op new --tid 1 --lun 0 -b "$(make_disk a 1M)" --device-type disk
	tgtadm --mode target --op show | grep -A1 'LUN: 0$' | grep -qx '            Type: disk'
	tgtadm --mode lu --op delete --tid 1 --lun 0
	tgtadm --mode target --op show | grep -A1 'LUN: 0$' | grep -qx '            Type: controller'
	fails 22 'invalid request' --mode lu --op new --tid 1 --lun 0 -b "$DIR/absent" -Y disk
	tgtadm --mode target --op show | grep -A1 'LUN: 0$' | grep -qx '            Type: controller'
}

@test "accounts are made, bound, shown and deleted, with the old sentences" {
	start_tgtd
	add_target 1
	account() { tgtadm --lld iscsi --mode account --op "$@"; }
	[ -z "$(account show)" ]
	account new --user joe --password secret-of-joe
	account new --user moe --password secret-of-moe
	[ "$(account show)" = $'Account list:\n    joe\n    moe' ]
	fails 22 'this account already exists' --mode account --op new --user joe --password x
	fails 22 'invalid request' --mode account --op new --user '' --password x
	fails 22 'invalid request' --mode account --op new --user x --password ''
	fails 22 "can't find the account" --mode account --op bind --user nobody --tid 1
	fails 22 "can't find the target" --mode account --op bind --user joe --tid 9
	account bind --user joe --tid 1
	fails 22 'this account already exists' --mode account --op bind --user joe --tid 1
	account bind --user moe --tid 1 --outgoing
	fails 22 'this target already has an outgoing account' \
		--mode account --op bind --user joe --tid 1 --outgoing
	tgtadm --mode target --op show | grep -A2 'Account information:' | diff - <(
		printf '%s\n' '    Account information:' '        joe' '        moe (outgoing)')
	account bind --user joe
	account bind --user moe --outgoing
	tgtadm --mode sys --op show | grep -A2 'Account information:' | diff - <(
		printf '%s\n' '    Account information:' '    joe' '    moe (outgoing)')
	fails 22 "can't find the account" --mode account --op unbind --user moe --tid 1
	account unbind --user moe --tid 1 --outgoing
	fails 22 "can't find the account" --mode account --op unbind --user moe --tid 1 --outgoing
	account delete --user joe
	fails 22 "can't find the account" --mode account --op delete --user joe
	[ "$(tgtadm --mode target --op show | grep -A1 'Account information:' | tail -1)" = '    ACL information:' ]
	fails 22 "account mode: option '-t' is not allowed/supported" --mode account --op show --tid 1
	fails 22 "'user' and 'password' options are required" --mode account --op new --user x
	fails 22 "'user' option is necessary" --mode account --op bind
}

@test "portals are made, shown and removed, wherever --param stands" {
	start_tgtd
	local port
	port=$(free_port)
	[ "$(tgtadm --mode portal --op show)" = "Portal: $PORTAL,1" ]
	tgtadm --param "portal=127.0.0.1:$port" --op new --mode portal
	tgtadm --mode portal --op show | grep -qx "Portal: 127.0.0.1:$port,1"
	fails 22 'invalid request' --mode portal --op new --param "portal=127.0.0.1:$port"
	tgtadm --mode portal --op delete --param "portal=127.0.0.1:$port"
	fails 22 'invalid request' --mode portal --op delete --param "portal=127.0.0.1:$port"
	[ "$(tgtadm --mode portal --op show)" = "Portal: $PORTAL,1" ]
}

@test "target parameters are Key=Value lines after the pings'" {
	start_tgtd
	add_target
	tgtadm --mode target --op update --tid 1 --name MaxBurstLength --value 131072
	tgtadm --mode target --op show --tid 1 >"$DIR/show"
	[ "$(sed -n 1p "$DIR/show")" = nop_interval=0 ]
	[ "$(sed -n 2p "$DIR/show")" = nop_count=0 ]
	[ "$(sed -n 3p "$DIR/show" | cut -d= -f1)" = MaxRecvDataSegmentLength ]
	grep -qx MaxBurstLength=131072 "$DIR/show"
	[ "$(grep -vc '^[A-Za-z_0-9]*=' "$DIR/show")" -eq 0 ]
}

@test "another user gets no answer but a reason" {
	[ "$(id -u)" -eq 0 ] || skip 'needs root'
	start_tgtd
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$TGTADM" --mode sys --op show
	[ "$status" -eq 107 ]
	[[ $output == *'Permission denied; try as root'* ]]
}

# fake_tgtd BYTES: answers one connection with them and closes it. The socket has its name only
# once it listens.
fake_tgtd() {
	rm -f "$TGT_IPC_SOCKET.0"
	python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + ".new")
s.listen()
os.rename(sys.argv[1] + ".new", sys.argv[1])
c, _ = s.accept()
c.recv(65536)
c.sendall(sys.argv[2].encode())
c.close()' "$TGT_IPC_SOCKET.0" "$1" 3>&- &
	wait_for 5 test -S "$TGT_IPC_SOCKET.0"
}

@test "no answer, half an answer and nonsense are errors" {
	fake_tgtd ''
	fails 22 'tgtd closed the socket' --mode sys --op show
	fake_tgtd '{"ok":true,"res'
	fails 22 'a partial response' --mode sys --op show
	fake_tgtd $'nonsense\n'
	fails 22 'the response was not understood' --mode sys --op show
}
