#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sg3_utils through the kernel: what it shows of a disk, and each command it can send.
# vm: -t 480

. "${0%/*}/lib.sh"

serve() {
	tgtd_start && target_new 1 && lun_new 1 1 $work/a 16M --bsopts atomic=$work/a.atomic &&
		adm lu update --tid 1 --lun 1 --params thin_provisioning=1 &&
		adm lu update --tid 1 --lun 1 --params cdb32=1 &&
		initiator_start && iscsiadm -m discovery -t st -p $portal && login 1 || return
	D=/dev/$(disk 1) && G=$(echo /sys/block/"${D#/dev/}"/device/scsi_generic/*) && G=/dev/${G##*/}
}

# pattern BYTE COUNT: so many bytes.
pattern() {
	head -c "$2" /dev/zero | tr '\0' "$1"
}

# block LBA BYTE: the block is full of it.
block() {
	sg_dd if=$G bs=512 skip="$1" count=1 of=$work/block 2>/dev/null && cmp $work/block <(pattern "$2" 512)
}

inquiry() {
	says 'Vendor identification: IET' sg_inq $G && says 'Product identification: VIRTUAL-DISK' sg_inq $G &&
		says 'version descriptor|Version descriptor|iSCSI' sg_inq -d $G
}

# Each page that the list names can be read, decoded and dumped, and one that it doesn't, can't.
vpd() {
	local page pages
	pages=$(sg_vpd -p 0 -rr $G | od -An -v -tx1 -j4 | tr -s '\n' ' ')
	echo "$pages"
	[ -n "$pages" ] || return
	for page in $pages; do
		sg_vpd -p 0x"$page" $G >/dev/null || { echo "page $page"; return 1; }
	done
	says 'Unmap command supported .LBPU.: 1' sg_vpd -p lbpv $G && says 'Maximum transfer length: [1-9]' sg_vpd -p bl $G &&
		says 'NAA' sg_vpd -p di $G && says 'Non-rotating|rotation rate|RPM|not reported' sg_vpd -p bdc $G &&
		! sg_vpd -p 0x90 $G
}

capacity() {
	says 'Number of logical blocks=32768' sg_readcap $G && says 'Logical block length=512' sg_readcap --16 $G &&
		says 'lbpme=1' sg_readcap --16 $G
}

# Whatever the list says is there, is: nothing in it may be answered INVALID COMMAND OPERATION CODE.
opcodes() {
	says 'Report supported operation codes' sg_opcodes $G && says 'Write same\(16\)|Write same \(16\)' sg_opcodes $G &&
		says 'Logical unit reset' sg_opcodes -t $G && says 'Usage' sg_opcodes --opcode=0x28 $G
}

supports() { # OPCODE[,SERVICE ACTION]
	sg_opcodes --opcode="$1" $G 2>/dev/null | grep -q 'is supported'
}

modes() {
	says 'Caching' sg_modes -a $G && says 'Control' sg_modes -p 0xa $G && says 'Informational' sg_modes -p 0x1c $G &&
		says Caching sg_modes -6 -a $G
}

logs() {
	says 'Supported log pages' sg_logs $G && sg_logs -a $G
}

persist() {
	local k=0xabc
	sg_persist -o --register --param-sark=$k $G && says abc sg_persist -k $G &&
		sg_persist -o --reserve --param-rk=$k --prout-type=5 $G && says 'Write Exclusive, registrants only' sg_persist -r $G &&
		says abc sg_persist -s $G && says 'PTPL_C|Persist Through Power Loss' sg_persist -c $G &&
		sg_persist -o --release --param-rk=$k --prout-type=5 $G &&
		sg_persist -o --clear --param-rk=$k $G && says 'NO registered|no registered|0 registered' sg_persist -k $G
}

write_same() {
	pattern S 512 >$work/in && sg_write_same --16 --in=$work/in --lba=100 --num=50 $G && block 100 S && block 149 S &&
		block 150 '\0' && sg_write_same --10 --in=$work/in --lba=200 --num=1 $G && block 200 S &&
		sg_write_same --16 --ndob --lba=100 --num=50 $G && block 120 '\0'
}

unmap() {
	pattern U 8192 >$work/in && sg_dd if=$work/in of=$G bs=512 seek=1024 count=16 2>/dev/null && sync && block 1030 U &&
		sg_unmap --force --lba=1024 --num=16 $G && block 1030 '\0'
}

lba_status() {
	pattern L 8192 >$work/in && sg_dd if=$work/in of=$G bs=512 seek=2048 count=16 2>/dev/null && sg_sync $G &&
		says 'mapped' sg_get_lba_status --lba=2048 $G && says 'deallocated|0x1|unmapped' sg_get_lba_status --lba=8192 $G
}

compare_and_write() {
	pattern A 512 >$work/in && sg_dd if=$work/in of=$G bs=512 seek=300 count=1 2>/dev/null || return
	{ pattern A 512; pattern B 512; } >$work/in
	sg_compare_and_write --in=$work/in --lba=300 --num=1 --xferlen=1024 $G && block 300 B || return
	# 14: MISCOMPARE.
	refuses 14 sg_compare_and_write --in=$work/in --lba=300 --num=1 --xferlen=1024 $G && block 300 B
}

verify() {
	pattern V 512 >$work/in && sg_dd if=$work/in of=$G bs=512 seek=400 count=1 2>/dev/null &&
		sg_verify --lba=400 --count=64 $G && sg_verify --16 --lba=400 --count=1 --in=$work/in --ndo=512 $G || return
	pattern W 512 >$work/in && refuses 14 sg_verify --16 --lba=400 --count=1 --in=$work/in --ndo=512 $G
}

small_ones() {
	sg_turs $G && sg_requests $G && sg_sync $G && says '00 01 00 00' sg_luns -H $G && sg_start --stop $G || return
	! sg_turs $G && sg_start --start $G && sg_turs $G && sg_prevent --prevent=0 $G && sg_senddiag --test $G &&
		sg_read_buffer --mode=desc $G
}

# 6: UNIT ATTENTION.
tells_of_reset() {
	refuses 6 sg_turs $G && sg_turs $G
}

resets() {
	sg_reset -d $G && tells_of_reset && sg_reset -t $G && tells_of_reset
}

timestamp() {
	sg_timestamp --milliseconds=1700000000000 $G && says '^17000000' sg_timestamp $G
}

identify() {
	printf 'shelf 7' >$work/in && sg_ident --set $G <$work/in && says 'shelf 7' sg_ident --ascii $G &&
		sg_ident --clear $G && ! sg_ident --ascii $G | grep -q shelf
}

tested() {
	sg_logs -p 0x10 $G | grep -q 'completed without error'
}

self_tests() {
	sg_senddiag --selftest=5 $G && says 'completed without error' sg_logs -p 0x10 $G &&
		sg_senddiag --selftest=2 $G && within 60 tested
}

reassign() {
	pattern R 512 >$work/in && sg_dd if=$work/in of=$G bs=512 seek=700 count=1 2>/dev/null &&
		sg_reassign --address=700,701 $G && block 700 R
}

long_cdbs() {
	pattern L 512 >$work/in && sg_write_same --32 --in=$work/in --lba=7000 --num=9 $G && block 7008 L
}

sanitize() {
	pattern X 512 >$work/in && sg_dd if=$work/in of=$G bs=512 seek=500 count=1 2>/dev/null &&
		sg_sanitize --quick --block --wait $G || return
	within 60 sg_turs $G && block 500 '\0'
}

xcopy() {
	pattern C 65536 >$work/in && sg_dd if=$work/in of=$G bs=512 seek=4096 count=128 2>/dev/null &&
		sg_xcopy if=$G iflag=xcopy of=$G bs=512 skip=4096 seek=6000 count=128 && block 6000 C && block 6127 C
}

# be BYTES NUMBER: in so many bytes.
be() {
	local hex
	printf -v hex '%0*x' $(($1 * 2)) "$2"
	# shellcheck disable=SC2059
	printf "$(sed 's/../\\x&/g' <<<"$hex")"
}

# Offloaded data transfer: a token of 16 blocks is made, used, and ended by a write to one of them.
tokens() {
	pattern O 8192 >$work/in && sg_dd if=$work/in of=$G bs=512 seek=8192 count=16 2>/dev/null || return
	{ be 2 30; be 12 0; be 2 16; be 8 8192; be 4 16; be 4 0; } >$work/list
	sg_raw -s 32 -i $work/list $G 83 10 0 0 0 0 0 0 0 5 0 0 0 20 0 0 &&
		sg_raw -r 1024 -o $work/info $G 84 7 0 0 0 5 0 0 0 0 0 0 4 0 0 0 &&
		dd if=$work/info of=$work/token bs=1 skip=38 count=512 2>/dev/null || return
	{ be 2 550; be 14 0; cat $work/token; be 6 0; be 2 16; be 8 9000; be 4 16; be 4 0; } >$work/list
	sg_raw -s 552 -i $work/list $G 83 11 0 0 0 0 0 0 0 6 0 0 2 28 0 0 && block 9000 O && block 9015 O &&
		pattern P 512 >$work/in && sg_dd if=$work/in of=$G bs=512 seek=8207 count=1 2>/dev/null || return
	# 5: ILLEGAL REQUEST.
	refuses 5 sg_raw -s 552 -i $work/list $G 83 11 0 0 0 0 0 0 0 6 0 0 2 28 0 0
}

write_atomic() {
	pattern T 4096 >$work/in && sg_write_x --atomic=0 --16 --in=$work/in --lba=5000 --num=8 $G && block 5007 T
}

# when OPCODE TEXT FUNCTION: tested when the target says that it has the command.
when() {
	if supports "$1"; then ok "$2" "$3"; else skip "$2" 'REPORT SUPPORTED OPERATION CODES has it not'; fi
}

need 'a disk' serve
ok 'sg_inq' inquiry
ok 'sg_vpd: all pages' vpd
ok 'sg_readcap' capacity
ok 'sg_opcodes' opcodes
ok 'sg_modes' modes
ok 'sg_logs' logs
ok 'sg_persist' persist
ok 'sg_write_same' write_same
ok 'sg_unmap' unmap
ok 'sg_get_lba_status' lba_status
ok 'sg_compare_and_write' compare_and_write
ok 'sg_verify' verify
ok 'sg_turs, sg_requests, sg_luns, sg_start, sg_senddiag' small_ones
ok 'sg_senddiag: self-tests' self_tests
ok 'sg_reset: LUN, target' resets
when 0x48,2 'sg_sanitize' sanitize
when 0x83,0 'sg_xcopy' xcopy
when 0x83,0x10 'sg_raw: tokens' tokens
when 0x9c 'sg_write_x --atomic' write_atomic
when 0x7 'sg_reassign' reassign
when 0x7f,0xd 'sg_write_same --32' long_cdbs
when 0xa4,0xf 'sg_timestamp' timestamp
when 0xa4,6 'sg_ident' identify
ok 'tgtd lives' tgtd_alive
finish
