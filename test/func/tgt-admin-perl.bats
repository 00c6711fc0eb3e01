#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bats disable=SC2154
#
# The predecessor's tgt-admin, the Perl script of Debian's package tgt, with this tgtadm and tgtd;
# and the same files read by it and by ours.

load lib.bash

setup() {
	[ "$(id -u)" -eq 0 ] || skip 'the script wants to be root'
	setup_dir
	find_script
	ADMIN=$BUILD/tgt-admin
	CONF=$DIR/targets.conf
	truncate -s 8M "$DIR/d1" "$DIR/d2" "$DIR/d3" "$DIR/d 4"
	export PATH=$BUILD:$PATH
}

teardown() {
	teardown_tgtd
}

# find_script: sets OLD. The package is unpacked, not installed: a tgt of the machine stays as it is.
find_script() {
	OLD=/usr/sbin/tgt-admin
	head -n 1 "$OLD" 2>/dev/null | grep -q perl && return
	OLD=$("$top/scripts/unpacked" tgt usr/sbin/tgt-admin)
}

old() {
	perl "$OLD" "$@"
}

show() {
	"$TGTADM" --json target show
}

# a_session: opens one to $IQN, which ends when $DIR/out is there.
a_session() {
	python3 - "$top" "$PORT" "$IQN" "$DIR" <<-'END' 3>&- &
	import os, sys, time
	sys.path.insert(0, sys.argv[1] + "/test/lib")
	import initiator
	s = initiator.Session(int(sys.argv[2]), sys.argv[3])
	open(sys.argv[4] + "/in", "w").close()
	end = time.time() + 60
	while not os.path.exists(sys.argv[4] + "/out") and time.time() < end:
	    time.sleep(0.02)
	END
	SESSION=$!
	wait_for 20 test -e "$DIR/in"
}

write_conf() {
	cat >"$CONF" <<-END
	default-driver iscsi
	<target $IQN>
	    backing-store $DIR/d2
	    backing-store $DIR/d1
	    vendor_id OLD
	    write-cache off
	    MaxBurstLength 65536
	</target>
	<target iqn.2026-11.org.example:named>
	    <backing-store $DIR/d3>
	        lun 12
	        scsi_sn abc123
	        product_id "TWO WORDS"
	        readonly 1
	        bsoflags direct
	        block-size 4096
	    </backing-store>
	    controller_tid 7
	    initiator-address 127.0.0.1
	    initiator-address 192.0.2.0/24
	    initiator-name iqn.a
	</target>
	END
}

@test "the old script: execute, twice, and show" {
	start_tgtd
	write_conf
	old -e -c "$CONF"
	show | jq -e 'map(.tid) == [7, 8] and (.[0].luns | map(.lun)) == [0, 12]'
	show | jq -e '.[0].luns[1] | .readonly and .scsi_sn == "abc123" and .block_size == 4096 and
		.product_id == "TWO WORDS" and .flags == "direct"'
	show | jq -e '.[0].acl == ["127.0.0.1", "192.0.2.0/24", "iqn.a"] and .[1].acl == ["ALL"]'
	show >"$DIR/before"
	run old -e -c "$CONF" -v
	[ "$status" -eq 0 ]
	[[ $output == *already\ exists* ]]
	show | diff "$DIR/before" -
	diff <(old -s) <("$TGTADM" --mode target --op show)
}

@test "the old script: what is not in the file is deleted" {
	start_tgtd
	write_conf
	add_target 3 iqn.2026-11.org.example:other
	old --execute -c "$CONF"
	show | jq -e 'map(.tid) == [7, 8]'
}

@test "the old script: update of all, of one, by number, and of a file without targets" {
	start_tgtd
	write_conf
	old --update ALL -c "$CONF"
	show | jq -e 'length == 2'
	sed -i 's/abc123/changed/' "$CONF"
	old --update tid=7 -c "$CONF"
	show | jq -e '.[0].luns[1].scsi_sn == "changed"'
	sed -i 's/changed/again/' "$CONF"
	old --update iqn.2026-11.org.example:named -c "$CONF"
	show | jq -e '.[0].luns[1].scsi_sn == "again"'
	run old --update iqn.none -c "$CONF"
	[ "$status" -eq 1 ]
	old --update ALL -c "$CONF"
	show | jq -e 'length == 2'
	old --update ALL -c /dev/null
	show | jq -e 'length == 0'
}

@test "the old script: what is in use stays, but for force" {
	start_tgtd
	printf '<target %s>\nbacking-store %s\n</target>\n' "$IQN" "$DIR/d1" >"$CONF"
	old -e -c "$CONF"
	a_session
	old --update ALL -c "$CONF" -v >"$DIR/said"
	grep -q "$IQN.* is in use, it won't be updated" "$DIR/said"
	old --delete ALL
	show | jq -e '.[0].nexuses | length == 1'
	old --update ALL -c "$CONF" --force
	show | jq -e 'length == 1 and .[0].nexuses == []'
	touch "$DIR/out"
	wait "$SESSION"
	rm "$DIR/in" "$DIR/out"
	a_session
	old --delete "$IQN" -f
	show | jq -e 'length == 0'
	touch "$DIR/out"
	wait "$SESSION"
}

@test "the old script: offline, ready and delete" {
	start_tgtd
	write_conf
	old -e -c "$CONF"
	old --offline ALL
	show | jq -e 'map(.state) == ["offline", "offline"]'
	old --ready tid=7
	show | jq -e 'map(.state) == ["ready", "offline"]'
	old --ready "$IQN"
	show | jq -e 'map(.state) == ["ready", "ready"]'
	run old --offline iqn.none
	[ "$status" -eq 1 ]
	run old --offline tid=99
	[ "$status" -eq 22 ]
	old --delete tid=7
	show | jq -e 'map(.tid) == [8]'
	old --delete "$IQN"
	old --delete ALL
	show | jq -e 'length == 0'
}

@test "the old script: its dump names stores and access, and can be executed" {
	start_tgtd
	write_conf
	old -e -c "$CONF"
	old --dump >"$DIR/dump"
	grep -q '^default-driver iscsi$' "$DIR/dump"
	grep -q "^	backing-store $DIR/d1$" "$DIR/dump"
	grep -q '^	initiator-address 127.0.0.1$' "$DIR/dump"
	old --delete ALL
	old -e -c "$DIR/dump"
	show | jq -e 'length == 2'
}

@test "the old script: pretend prints what it would do; errors end it with tgtadm's code" {
	start_tgtd
	write_conf
	old -e -p -c "$CONF" >"$DIR/lines"
	show | jq -e 'length == 0'
	grep -q -- "--op new --mode target --tid 7 -T iqn.2026-11.org.example:named" "$DIR/lines"
	sed -i 's/MaxBurstLength 65536/MaxBurstLength 1/' "$CONF"
	run old -e -c "$CONF"
	[ "$status" -eq 22 ]
	[[ $output == *'exited with code: 22'* ]]
	stop_tgtd
	run old -e -c "$CONF"
	[ "$status" -eq 107 ]
	run old -s
	[ "$status" -eq 107 ]
}

# same_state: what the file makes when each of the two reads it, seen by dump. The number of a
# LUN's identity is drawn by lot.
same_state() {
	old -e -c "$CONF" >&2
	"$ADMIN" --dump | grep -v -e scsi_id -e 'scsi_sn beaf' >"$DIR/by-old"
	"$ADMIN" -c "$CONF" --diff
	"$ADMIN" --delete ALL
	"$ADMIN" -e -c "$CONF"
	"$ADMIN" --dump | grep -v -e scsi_id -e 'scsi_sn beaf' >"$DIR/by-ours"
	"$ADMIN" --delete ALL
	diff "$DIR/by-old" "$DIR/by-ours"
}

@test "both scripts make the same of a file" {
	start_tgtd
	# Only with a rule for addresses: the old script lets ALL in where there are but names.
	write_conf
	same_state
	cat >"$CONF" <<-END
	ignore-errors yes
	include $DIR/conf.d/*.conf
	<target iqn.z>
	    <backing-store "$DIR/d 4">
	        lun 3
	        removable 1
	    </backing-store>
	    <backing-store $DIR/d1>
	        params vendor_id=PARAM,lbppbe=3
	        mode_page 8:0:18:0x10:0:0xff:0xff:0:0:0xff:0xff:0xff:0xff:0x80:0x14:0:0:0:0:0:0
	        online 0
	    </backing-store>
	    <backing-store $DIR/d3>
	        write-cache on
	    </backing-store>
	    write-cache off
	    product_id "FOR ALL"
	    optimal_xfer_gran 8
	</target>
	END
	mkdir "$DIR/conf.d"
	printf '<target iqn.z>\nHeaderDigest CRC32C\n</target>\n' >"$DIR/conf.d/b.conf"
	printf '<target iqn.a>\ndirect-store %s\nallow-in-use yes\nstate offline\n</target>\n' \
		"$DIR/d2" >"$DIR/conf.d/a.conf"
	same_state
}

@test "both scripts make the same of the package's examples" {
	start_tgtd
	# The first two of the file: the others are for disks and accounts.
	cat >"$CONF" <<-END
	<target iqn.2007-04.com.example:san.monitoring>
	    backing-store $DIR/d1   # Becomes LUN 1
	    backing-store $DIR/d3	# Becomes LUN 3
	    backing-store $DIR/d2   # Becomes LUN 2
	    write-cache off         # Disable write cache for all LUNs
	    initiator-address 192.168.100.1   # Allowed IP
	    initiator-address 192.168.200.5   # Allowed IP
	</target>
	<target iqn.2010-01.com.example:tape>
	    <backing-store $DIR/d 4>
	        device-type disk
	        vendor_id STK
	        product_id T10000B
	        product_rev 0301
	        scsi_sn HP13130110
	        removable 1
	        sense_format 1
	        lun 15
	    </backing-store>
	    MaxOutstandingR2T 4
	    ImmediateData No
	    IFMarker No
	    OFMarkInt 2048
	    ErrorRecoveryLevel 2
	    FirstBurstLength 65536
	    MaxConnections 4
	</target>
	END
	same_state
}

@test "both scripts take the same words" {
	start_tgtd
	write_conf
	local words
	for words in "-conf $CONF -execute" "--c=$CONF -update=ALL" "-off ALL -C=0" '-ready ALL' '--s' "-exe -c $CONF"; do
		eval "old $words" >"$DIR/old" 2>&1
		eval "\"$ADMIN\" $words" >"$DIR/new" 2>&1
	done
	"$ADMIN" -show >"$DIR/new"
	old -show | diff - "$DIR/new"
	for words in '--d' '-s=1' '-what'; do
		run old $words
		[ -n "$output" ]
		run "$ADMIN" $words
		[ "$status" -ne 0 ]
	done
}
