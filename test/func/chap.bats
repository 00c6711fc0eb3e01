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
	run ! grep secret-of "$LOG"
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
	run ! grep -v '"ok":true' "$DIR/answers"
	reads "$(chap_url u1%secret-of-u1)"
	reads "$(chap_url u300%secret-of-u300)"
	[ "$(tgtadm --json account show | jq 'map(select(.bound == [{"tid":1,"outgoing":false}])) | length')" -eq 300 ]
	tgtadm account update --user u1 --password 'another-secret'
	run reads "$(chap_url u1%secret-of-u1)"
	[ "$status" -ne 0 ]
	reads "$(chap_url u1%another-secret)"
}

# chap ARG...: the command of that name of our own initiator.
chap() {
	timeout 60 python3 "$top/test/lib/initiator.py" chap "$PORT" "$IQN" "$@"
}

@test "every algorithm, in both directions, with keys cut into many PDUs" {
	a_disk
	tgtadm account bind --tid 1 --user joe
	tgtadm account bind --tid 1 --user disk --outgoing
	local alg
	for alg in 5 6 7 8; do
		[ "$(chap login $alg joe secret-of-joe)" = $alg ]
		[ "$(chap login $alg joe secret-of-joe disk secret-of-disk)" = $alg ]
		run chap login $alg joe secret-of-jane disk secret-of-disk
		[ "$output" = 'login status 0201' ]
		run chap login $alg joe secret-of-joe disk secret-of-dusk
		[ "$output" = 'not the right target: the target has another secret' ]
	done
	# The strongest of them, unless the administrator wants another.
	[ "$(chap login 5,6,7,8 joe secret-of-joe)" = 8 ]
	tgtadm target update --tid 1 --name CHAPAlgorithms --value SHA256,SHA1
	[ "$(chap login 5,6,7,8 joe secret-of-joe)" = 7 ]
	[ "$(chap login 6,8,5 joe secret-of-joe)" = 6 ]
	run chap login 8,5 joe secret-of-joe
	[ "$output" = 'login status 0201' ]
	tgtadm --json target show | jq -e '.[0].chap_algorithms == "SHA256,SHA1"'
}

@test "discovery with every algorithm, in both directions" {
	a_disk --iscsi chap_algorithms=MD5:SHA256:SHA3-256
	tgtadm account bind --user joe
	tgtadm account bind --user disk --outgoing
	local alg
	for alg in 5 7 8; do
		[ "$(chap discovery $alg joe secret-of-joe disk secret-of-disk)" = $alg ]
	done
	[ "$(chap discovery 8,7,5 joe secret-of-joe)" = 5 ]
	run chap discovery 6 joe secret-of-joe
	[ "$output" = 'login status 0201' ]
	run chap discovery 8 joe secret-of-jane
	[ "$output" = 'login status 0201' ]
}

@test "guesses from one address are slowed down" {
	a_disk
	tgtadm account bind --tid 1 --user joe
	# Some seconds may pass on a slow machine: one guess more in two of them.
	timeout 60 python3 "$top/test/lib/initiator.py" guesses "$PORT" "$IQN" 40 >"$DIR/guesses"
	[ "$(grep -c 0201 "$DIR/guesses")" -ge 10 ]
	[ "$(tail -n 1 "$DIR/guesses")" = 0301 ]
	grep -q 'from 127.0.0.1:[0-9]* refused: too many failed logins from there' "$LOG"
	# A little later the right one gets in.
	wait_for 10 chap login 7 joe secret-of-joe
}

@test "a crypto library that forbids everything forbids accounts, and opens nothing" {
	setup_dir
	cat >"$DIR/openssl.cnf" <<-END
	openssl_conf = init
	[init]
	alg_section = algs
	[algs]
	default_properties = fips=yes
	END
	OPENSSL_CONF=$DIR/openssl.cnf start_tgtd
	add_target
	tgtadm account new --user joe --password secret-of-joe
	run tgtadm account bind --tid 1 --user joe
	[ "$status" -eq 22 ]
	[[ $output == *"this operation isn't supported"*libcrypto* ]]
	grep -q 'algorithms of CHAP that are used: none' "$LOG"
}

# write_conf PASSWORD [MORE]: a target with the account joe, and the account find for discovery.
write_conf() {
	cat >"$DIR/targets.conf" <<-END
	incomingdiscoveryuser find secret-of-find
	<target $IQN>
	    backing-store $DIR/disk
	    incominguser joe $1
	    <outgoinguser disk>
	        password-file $DIR/secret
	    </outgoinguser>
	    ${2:-}
	</target>
	END
	chmod 600 "$DIR/targets.conf"
}

# admin OPTION...: tgt-admin with that file; what it says is in $DIR/said.
admin() {
	"$BUILD/tgt-admin" -c "$DIR/targets.conf" "$@" 2>&1 | tee "$DIR/said"
	return "${PIPESTATUS[0]}"
}

@test "targets.conf has accounts, and an update with another password is the only change" {
	start_tgtd
	make_disk disk 8M
	echo secret-of-disk >"$DIR/secret"
	chmod 600 "$DIR/secret"
	write_conf secret-of-joe
	admin --check
	[ ! -s "$DIR/said" ]
	run admin --pretend -e
	[[ $output == *'account --op new --user joe --password PLEASE_CORRECT_THE_PASSWORD'* ]]
	[[ $output != *secret-of* ]]
	admin -e
	run ! grep secret-of "$DIR/said"
	reads "$(chap_url joe%secret-of-joe)"
	reads "$(chap_url joe%secret-of-joe disk:secret-of-disk)"
	run reads "$(url 1)"
	[ "$status" -ne 0 ]
	run iscsi-ls "iscsi://find%secret-of-find@$PORTAL"
	[[ $output == *"Target:$IQN"* ]]
	admin --diff
	# A session that is in stays in.
	python3 "$top/test/lib/initiator.py" chap "$PORT" "$IQN" hold "$DIR" joe secret-of-joe 3>&- &
	local session=$!
	wait_for 20 test -e "$DIR/in"
	tgtadm --json target show | jq -e '.[0].nexuses[0].connections[0].chap |
		.account == "joe" and .algorithm == "SHA3-256" and (.mutual | not)'
	write_conf another-secret
	run admin --diff
	[ "$output" = '~ account joe: another password' ]
	[ "$status" -eq 1 ]
	admin --update ALL
	run reads "$(chap_url joe%secret-of-joe)"
	[ "$status" -ne 0 ]
	reads "$(chap_url joe%another-secret)"
	touch "$DIR/out"
	wait $session
	run ! grep -e secret-of -e another-secret "$LOG"
}

@test "what is dumped can be read again, and has passwords only when they are asked for" {
	start_tgtd
	make_disk disk 8M
	echo 'a secret "with" #signs' >"$DIR/secret"
	write_conf secret-of-joe 'CHAPAlgorithms SHA256,MD5'
	admin -e
	"$BUILD/tgt-admin" --dump >"$DIR/dump"
	grep -qx '    incominguser joe PLEASE_CORRECT_THE_PASSWORD' "$DIR/dump"
	grep -qx '    outgoinguser disk PLEASE_CORRECT_THE_PASSWORD' "$DIR/dump"
	grep -qx 'incomingdiscoveryuser find PLEASE_CORRECT_THE_PASSWORD' "$DIR/dump"
	run ! grep secret "$DIR/dump"
	run "$BUILD/tgt-admin" -c "$DIR/dump" --check
	[ "$status" -eq 22 ]
	[[ $output == *"put the password of 'find' in the place of PLEASE_CORRECT_THE_PASSWORD"* ]]
	run "$BUILD/tgt-admin" --save "$DIR/saved"
	[[ $output == *'--secrets'* ]]
	"$BUILD/tgt-admin" --save "$DIR/saved" --secrets
	[ "$(stat -c %a "$DIR/saved")" = 600 ]
	"$BUILD/tgt-admin" -c "$DIR/saved" --diff
	"$BUILD/tgt-admin" --delete ALL
	tgtadm --json account show | jq -r '.[].user' | while read -r u; do tgtadm account delete --user "$u"; done
	"$BUILD/tgt-admin" -c "$DIR/saved" -e
	"$BUILD/tgt-admin" -c "$DIR/targets.conf" --diff
	reads "$(chap_url joe%secret-of-joe)"
}

@test "tgtd loads accounts itself, and again on SIGHUP" {
	setup_dir
	make_disk disk 8M
	echo secret-of-disk >"$DIR/secret"
	write_conf secret-of-joe
	start_tgtd --config "$DIR/targets.conf"
	reads "$(chap_url joe%secret-of-joe)"
	write_conf another-secret 'incominguser moe secret-of-moe'
	kill -HUP "$TGTD_PID"
	wait_for 10 grep -q 'is loaded: 3 changes' "$LOG"
	reads "$(chap_url joe%another-secret)"
	reads "$(chap_url moe%secret-of-moe)"
	run ! grep -e secret-of -e another-secret "$LOG"
}

@test "an update that fails leaves the accounts as they were" {
	start_tgtd
	make_disk disk 8M
	echo secret-of-disk >"$DIR/secret"
	write_conf secret-of-joe
	admin -e
	tgtadm --json account show --secrets >"$DIR/before"
	write_conf another-secret $'incominguser moe secret-of-moe\nMaxBurstLength 7'
	run admin --update ALL
	[ "$status" -eq 22 ]
	[[ $output == *'what was done is undone'* ]]
	tgtadm --json account show --secrets | diff "$DIR/before" -
	reads "$(chap_url joe%secret-of-joe)"
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
	run ! grep -e "secret of" -e "secret 2" "$LOG"
	# Who may only look is not told.
	if [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 true 2>/dev/null; then
		run setpriv --reuid 65534 --regid 65534 --clear-groups "$TGTADM" --json account show --secrets
		[ "$status" -ne 0 ]
		[[ $output != *'secret of'* ]]
	fi
}


# RFC 7143 6.3: libiscsi declares its names once more after the target has chosen AuthMethod=None.
@test "a password that nobody asks for: libiscsi says its name twice, and the log tells" {
	a_disk
	run reads "$(chap_url joe%secret-of-joe)"
	[ "$status" -ne 0 ]
	[[ $(cat "$DIR/said") == *'(512)'* ]]
	grep -q 'refused: status 0200, a second time or out of place: InitiatorName' "$LOG"
	run iscsi-ls "iscsi://joe%secret-of-joe@$PORTAL"
	[ "$status" -ne 0 ]
	# With the account bound to both, it finds the disk.
	tgtadm account bind --tid 1 --user joe
	tgtadm account bind --user joe
	reads "$(chap_url joe%secret-of-joe)"
	run iscsi-ls "iscsi://joe%secret-of-joe@$PORTAL"
	[ "$status" -eq 0 ]
	[[ $output == *"Target:$IQN Portal:$PORTAL,1"* ]]
}
