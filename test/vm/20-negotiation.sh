#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What initiator and target may agree on at login, and that data come through with each.
# vm: -t 480

. "${0%/*}/lib.sh"

session=/sys/class/iscsi_session/session
connection=/sys/class/iscsi_connection/connection

serve() {
	tgtd_start && target_new 1 && adm target update --tid 1 --name MaxOutstandingR2T --value 8 && lun_new 1 1 $work/a 64M && initiator_start &&
		iscsiadm -m discovery -t st -p $portal
}

# Says what was agreed, as /sys spells it.
agreed() { # FILE VALUE [FILE VALUE]...
	local path
	while [ $# -gt 0 ]; do
		for path in $session*/"$1" $connection*/"$1"; do
			[ ! -e "$path" ] || has "$path" "$2" || return
		done
		shift 2
	done
}

# Big commands need several R2Ts or Data-Outs; small ones may be immediate altogether.
traffic() {
	local d
	d=$(disk 1) || return
	fio_verify "$d" --rw=write --bs=1M --iodepth=4 --direct=1 --size=8M &&
		fio_verify "$d" --rw=randwrite --bsrange=512-96k --bs_unaligned=0 --iodepth=16 \
			--direct=1 --offset=16M --size=4M
}

# with NAME VALUE [NAME VALUE]... -- FILE VALUE [FILE VALUE]...
with() {
	local names=()
	while [ "$1" != -- ]; do
		names+=("$1" "$2")
		shift 2
	done
	shift
	node_set "${names[@]}" && login 1 && agreed "$@" && traffic
	local rc=$?
	logout >/dev/null
	return $rc
}

i=node.session.iscsi
c='node.conn[0].iscsi'

need 'tgtd serves, the initiator is ready' serve
for r2t in Yes No; do
	for immediate in Yes No; do
		ok "InitialR2T=$r2t, ImmediateData=$immediate" \
			with $i.InitialR2T $r2t $i.ImmediateData $immediate -- \
			initial_r2t $((${#r2t} - 2)) immediate_data $((${#immediate} - 2))
	done
done
node_set $i.InitialR2T No $i.ImmediateData Yes
for header in None CRC32C; do
	for data in None CRC32C; do
		[ $header$data = NoneNone ] || ok "HeaderDigest=$header, DataDigest=$data" \
			with $c.HeaderDigest $header $c.DataDigest $data -- \
			header_digest $((${#header} / 6)) data_digest $((${#data} / 6))
	done
done
ok 'both digests, all data asked for' with $i.InitialR2T Yes $i.ImmediateData No -- \
	header_digest 1 data_digest 1 initial_r2t 1 immediate_data 0
node_set $c.HeaderDigest None $c.DataDigest None
ok '16 R2Ts a command, 8 at a time' with $i.MaxOutstandingR2T 8 $i.MaxBurstLength 65536 $i.FirstBurstLength 4096 -- \
	max_outstanding_r2t 8 max_burst_len 65536
ok 'one R2T at a time' with $i.MaxOutstandingR2T 1 -- max_outstanding_r2t 1
ok 'tgtd lives' tgtd_alive
finish
