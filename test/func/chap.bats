#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# CHAP with libiscsi's tools and with an initiator of our own: both directions, discovery, every
# algorithm, wrong passwords; and where passwords are to be seen, which is nowhere.
#
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

teardown() { teardown_tgtd; }

# a_disk: a target with a LUN, and the accounts joe (incoming) and disk (outgoing), not bound yet.
a_disk() {
	start_tgtd "$@"
	add_target
	add_lun 1 1 "$(make_disk disk 8M)"
	tgtadm account new --user joe --password 'secret-of-joe'
	tgtadm account new --user disk --password 'secret-of-disk'
}

# reads URL: whether a block can be read there.
reads() {
	iscsi-inq "$1" 2>&1 | tee "$DIR/said" | grep -q VIRTUAL-DISK
}

chap_url() {
	local query=
	[ $# -lt 2 ] || query="?target_user=${2%%:*}&target_password=${2#*:}"
	echo "iscsi://$1@$PORTAL/$IQN/1$query"
}

@test "who knows the password gets in, and nobody else" {
	a_disk
	tgtadm account bind --tid 1 --user joe
	reads "$(chap_url joe%secret-of-joe)"
	run reads "$(url 1)"
	[ "$status" -ne 0 ]
	local wrong
	for wrong in joe%secret-of-jo joe%secret-of-joee Joe%secret-of-joe nobody%secret-of-joe \
		disk%secret-of-disk; do
		run reads "$(chap_url $wrong)"
		[ "$status" -ne 0 ]
	done
	grep -q "failed, account 'joe': wrong password" "$LOG"
	grep -q "from 127.0.0.1:[0-9]* to $IQN failed, account 'nobody': no such account here" "$LOG"
	! grep secret-of "$LOG"
	tgtadm account unbind --tid 1 --user joe
	reads "$(url 1)"
}

@test "the target shows who it is when it is asked" {
	a_disk
	tgtadm account bind --tid 1 --user joe
	run reads "$(chap_url joe%secret-of-joe disk:secret-of-disk)"
	[ "$status" -ne 0 ]
	tgtadm account bind --tid 1 --user disk --outgoing
	reads "$(chap_url joe%secret-of-joe disk:secret-of-disk)"
	reads "$(chap_url joe%secret-of-joe)"
	run reads "$(chap_url joe%secret-of-joe disk:secret-of-tape)"
	[ "$status" -ne 0 ]
	run reads "$(chap_url joe%secret-of-jane disk:secret-of-disk)"
	[ "$status" -ne 0 ]
}

@test "discovery has accounts of its own" {
	a_disk
	tgtadm account bind --user joe
	run iscsi-ls "$(portal_url)"
	[[ $output != *Target:* ]]
	run iscsi-ls "iscsi://joe%secret-of-joe@$PORTAL"
	[[ $output == *"Target:$IQN Portal:$PORTAL,1"* ]]
	run iscsi-ls "iscsi://joe%secret-of-jane@$PORTAL"
	[[ $output != *Target:* ]]
	reads "$(url 1)"
	tgtadm account bind --user disk --outgoing
	run iscsi-ls "iscsi://joe%secret-of-joe@$PORTAL?target_user=disk&target_password=secret-of-disk"
	[[ $output == *"Target:$IQN Portal:$PORTAL,1"* ]]
	run iscsi-ls "iscsi://joe%secret-of-joe@$PORTAL?target_user=disk&target_password=secret-of-dusk"
	[[ $output != *Target:* ]]
	tgtadm account delete --user joe
	run iscsi-ls "$(portal_url)"
	[[ $output == *"Target:$IQN"* ]]
}

@test "any number of accounts, and a password that changes while somebody is in" {
	a_disk
	local i
	for i in $(seq 1 300); do
		echo '{"object":"account","verb":"new","args":{"user":"u'"$i"'","password":"secret-of-u'"$i"'"}}'
		echo '{"object":"account","verb":"bind","args":{"user":"u'"$i"'","tid":1}}'
	done | tgtadm --json - >"$DIR/answers"
	! grep -v '"ok":true' "$DIR/answers"
	reads "$(chap_url u1%secret-of-u1)"
	reads "$(chap_url u300%secret-of-u300)"
	[ "$(tgtadm --json account show | jq 'map(select(.bound == [{"tid":1,"outgoing":false}])) | length')" -eq 300 ]
	tgtadm account update --user u1 --password 'another-secret'
	run reads "$(chap_url u1%secret-of-u1)"
	[ "$status" -ne 0 ]
	reads "$(chap_url u1%another-secret)"
}

@test "passwords are neither shown nor logged, and may come from a file or standard input" {
	start_tgtd -d 1
	echo 'secret of file' >"$DIR/secret"
	tgtadm --mode account --op new --user a --password-file "$DIR/secret"
	printf 'secret of stdin' | tgtadm --mode account --op new --user b --password -
	tgtadm account new --user c --password-file - <<<'secret of words'
	run --separate-stderr tgtadm -d account new --user d --password 'secret of argument'
	[ "$status" -eq 0 ]
	# shellcheck disable=SC2154
	[[ $stderr == *'***'* && $stderr != *'secret of'* ]]
	run --separate-stderr tgtadm account update --user d --password 'secret 2'
	[[ $stderr == *'warning: the password of account '"'d'"' has less than 12 bytes'* ]]
	[ "$(tgtadm --json account show --secrets | jq -r '.[].password')" = \
		$'secret of file\nsecret of stdin\nsecret of words\nsecret 2' ]
	run tgtadm -d --json account show
	[[ $output != *secret* ]]
	run --separate-stderr tgtadm -d account show --secrets
	[[ $stderr != *'secret of'* ]]
	grep -q 'less than 12 bytes' "$LOG"
	! grep -e "secret of" -e "secret 2" "$LOG"
	# Who may only look is not told.
	if [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 true 2>/dev/null; then
		run setpriv --reuid 65534 --regid 65534 --clear-groups "$TGTADM" --json account show --secrets
		[ "$status" -ne 0 ]
		[[ $output != *'secret of'* ]]
	fi
}

