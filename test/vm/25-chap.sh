#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# CHAP with the kernel's initiator and open-iscsi: every algorithm, both directions, discovery, and
# wrong secrets.
# vm: -t 240

. "${0%/*}/lib.sh"

a=node.session.auth
d=discovery.sendtargets.auth
# open-iscsi's: the target refused (ISCSI_ERR_LOGIN_AUTH_FAILED), it did (ISCSI_ERR_FATAL_LOGIN)
AUTH_FAILED=24 FATAL_LOGIN=19

serve() {
	tgtd_start && target_new 1 && lun_new 1 1 $work/a 16M && initiator_start &&
		iscsiadm -m discovery -t st -p $portal &&
		adm account new --user joe --password secret-of-joe &&
		adm account new --user disk --password secret-of-disk &&
		adm account bind --tid 1 --user joe &&
		adm account bind --tid 1 --user disk --outgoing
}

# exits CODE COMMAND...
exits() {
	local want=$1 rc=0
	shift
	"$@" || rc=$?
	same 'exit status' $rc "$want"
}

secrets() { # JOE [DISK]
	node_set $a.authmethod CHAP $a.username joe $a.password "$1" \
		$a.username_in "${2:+disk}" $a.password_in "${2:-}"
}

# taken ALGORITHM [, mutual]: what tgtd says of the session. (Its log says no more than so many a second.)
taken() {
	local said
	said=$(adm --json target show --tid 1 | jq -r '.nexuses[].connections[].chap |
		.account + " " + .algorithm + if .mutual then ", mutual" else "" end')
	same 'login' "$said" "joe $1"
}

reads() {
	local disk
	disk=$(disk 1) && dd if="/dev/$disk" of=/dev/null bs=64k count=16 iflag=direct
}

# gets_in ALGORITHM
gets_in() {
	login 1 && taken "$1" && reads
	local rc=$?
	logout >/dev/null
	return $rc
}

discoverydb() {
	iscsiadm -m discoverydb -t st -p $portal "$@"
}

find_with() { # JOE [DISK]
	discoverydb -o update -n $d.authmethod -v CHAP -n $d.username -v joe -n $d.password -v "$1" \
		-n $d.username_in -v "${2:+disk}" -n $d.password_in -v "${2:-}" -n discovery.sendtargets.reopen_max -v 0 &&
		discoverydb --discover
}

finds() {
	find_with "$@" >$work/found || return
	cat $work/found
	grep -q $target $work/found
}

need 'tgtd serves, the initiator is ready' serve
ok 'without a secret nobody gets in' exits $AUTH_FAILED node --login
for alg in MD5 SHA1 SHA256 SHA3-256; do
	secrets secret-of-joe >/dev/null
	node_set $a.chap_algs $alg >/dev/null
	ok "one way, $alg" gets_in $alg
	secrets secret-of-joe secret-of-disk >/dev/null
	ok "both ways, $alg" gets_in "$alg, mutual"
done
secrets secret-of-jane >/dev/null
ok 'a wrong secret is refused' exits $AUTH_FAILED node --login
secrets secret-of-joe secret-of-dusk >/dev/null
ok 'a target with another secret is refused by the initiator' exits $FATAL_LOGIN node --login
secrets secret-of-joe secret-of-disk >/dev/null
node_set $a.chap_algs SHA3-256,SHA256,SHA1,MD5 >/dev/null
ok 'the strongest algorithm of all' gets_in 'SHA3-256, mutual'
adm target update --tid 1 --name CHAPAlgorithms --value SHA1,SHA256
ok 'the one that the target wants' gets_in 'SHA1, mutual'

adm account bind --user joe
adm account bind --user disk --outgoing
discoverydb -o new >/dev/null
ok 'discovery without a secret finds nothing' exits $AUTH_FAILED discoverydb --discover
ok 'discovery, one way' finds secret-of-joe
ok 'discovery, both ways' finds secret-of-joe secret-of-disk
ok 'discovery with a wrong secret finds nothing' exits $AUTH_FAILED find_with secret-of-jane
ok 'discovery of another target finds nothing' exits $FATAL_LOGIN find_with secret-of-joe secret-of-dusk
ok 'no secret is in the log' exits 1 grep secret-of $work/tgtd.log
ok 'tgtd lives' tgtd_alive
finish
