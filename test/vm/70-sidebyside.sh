#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# LIO, Debian's tgt and this tgtd with the same file and the same fio jobs, one after the other in one
# machine. A table for people: emulated processors prove nothing about speed, so only a job that
# fails is a failure.
# vm: -t 600 -m 1536M

. "${0%/*}/lib.sh"

old=$work/tgt
jobs='randread:4k:32 randwrite:4k:32 randread:4k:1 read:256k:8 write:256k:8'
names=''
declare -A iops

serve_tgtd() {
	tgtd_start && target_new 1 && lun_new 1 1 $work/disk 64M
}

leave_tgtd() {
	kill $tgtd && wait $tgtd
}

# Unpacked, not installed: the predecessor's service would be started, too.
unpack_old() {
	local deb
	for deb in "$VM_DIR"/tgt_*.deb; do
		dpkg-deb -x "$deb" $old && return
	done
	return 1
}

old_adm() {
	$old/usr/sbin/tgtadm -C 7 --lld iscsi "$@"
}

serve_old() {
	local n=0
	unset TGT_IPC_SOCKET
	$old/usr/sbin/tgtd -f -C 7 --iscsi portal=$portal >$work/old.log 2>&1 &
	oldpid=$!
	until old_adm --op show --mode sys >/dev/null 2>&1; do
		[ $((n += 1)) -lt 50 ] || return
		sleep 0.1
	done
	old_adm --op new --mode target --tid 1 -T $target &&
		old_adm --op new --mode logicalunit --tid 1 --lun 1 -b $work/disk && old_adm --op bind --mode target --tid 1 -I ALL
}

leave_old() {
	export TGT_IPC_SOCKET=$work/socket
	kill -9 $oldpid
	wait $oldpid
	true
}

serve_lio() {
	local c=/sys/kernel/config
	modprobe configfs
	mountpoint -q $c || mount -t configfs configfs $c
	modprobe -a target_core_mod target_core_file iscsi_target_mod || return
	mkdir -p $c/target/core/fileio_0/d && cd $c/target/core/fileio_0/d || return
	echo "fd_dev_name=$work/disk,fd_dev_size=$((64 << 20)),fd_buffered_io=1" >control && echo 1 >enable || return
	mkdir -p $c/target/iscsi/$target/tpgt_1/{np/127.0.0.1:3260,lun/lun_1} && cd $c/target/iscsi/$target/tpgt_1 || return
	ln -s $c/target/core/fileio_0/d lun/lun_1/d &&
		echo 1 >attrib/generate_node_acls && echo 0 >attrib/demo_mode_write_protect && echo 0 >attrib/authentication &&
		echo 1 >enable && cd $work
}

leave_lio() {
	local c=/sys/kernel/config/target t
	t=$c/iscsi/$target/tpgt_1
	echo 0 >$t/enable
	rm $t/lun/lun_1/d && rmdir $t/lun/lun_1 $t/np/* $t $c/iscsi/$target $c/core/fileio_0/d
}

# rate JOB: prints its IOPS.
rate() {
	local rw bs depth
	IFS=: read -r rw bs depth <<<"$1"
	fio --name=j --filename=/dev/"$D" --ioengine=libaio --direct=1 --rw="$rw" --bs="$bs" --iodepth="$depth" --size=64M \
		--time_based --runtime=3 --output-format=terse --terse-version=3 >$work/terse || return
	awk -F';' '{ print $8 + $49 }' $work/terse
}

run() {
	local job
	rm -rf /etc/iscsi/nodes /etc/iscsi/send_targets
	iscsiadm -m discovery -t st -p $portal && login 1 && D=$(disk 1) || return
	for job in $jobs; do
		iops[$1,$job]=$(rate "$job") || return
	done
	fio_verify "$D" --rw=randwrite --bs=4k --size=2M --direct=1 && logout
}

side() {
	ok "$2 serves" "serve_$1" || return
	if ok "$2: all jobs" run "$1"; then names+=" $1"; else logout >/dev/null; fi
	"leave_$1" >/dev/null 2>&1
}

table() {
	local job n
	printf '# %-16s' IOPS
	printf '%10s' $names
	printf '   tgtd/each other\n'
	for job in $jobs; do
		printf '# %-16s' "$job"
		for n in $names; do printf '%10s' "${iops[$n,$job]}"; done
		for n in $names; do
			[ "$n" = tgtd ] || awk -v a="${iops[tgtd,$job]}" -v b="${iops[$n,$job]}" -v n="$n" \
				'BEGIN { printf "   %s %.2f", n, a / (b ? b : 1) }'
		done
		echo
	done
}

truncate -s 64M $work/disk
head -c 64M /dev/urandom >$work/disk
need 'the initiator starts' initiator_start
side tgtd tgtd
side lio LIO
if unpack_old 2>/dev/null; then side old "Debian's tgt"; else skip "Debian's tgt" 'its package is not there'; fi
table
finish
