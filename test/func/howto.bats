#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The commands of doc/howto, run as they stand there, in namespaces of their own.
#
# shellcheck disable=SC2030,SC2031,SC2034,SC2086,SC2154

bats_require_minimum_version 1.5.0
load lib.bash

setup() {
	[ "$(id -u)" -eq 0 ] || skip 'only root may do what how-tos do'
	unshare -mn true 2>/dev/null || skip 'no namespaces here'
}

# follow NAME [FILE...]: the blocks "sh run" of doc/howto/NAME.md; with the programs FILE, also those that
# are named for them.
follow() {
	export BUILD
	# shellcheck disable=SC2016
	unshare -mn bash -c 'source "$1" && howto_machine "${@:3}" && howto_run "$2" run "${@##*/}"' - \
		"$top/test/lib/howto.bash" "$top/doc/howto/$1.md" "${@:2}" 3>&-
}

# open_isns PART FILE: where the program is, installed or not.
open_isns() {
	command -v "${2##*/}" || "$top/scripts/unpacked" "open-isns-$1" "$2"
}

@test "first-disk" { follow first-disk; }
@test "chap" { follow chap; }
@test "multipath" { follow multipath; }
@test "persistent" { follow persistent; }
@test "stores" { follow stores; }
@test "tuning" { follow tuning; }
@test "troubleshooting" { follow troubleshooting; }
@test "isns" { follow isns "$(open_isns server usr/sbin/isnsd)" "$(open_isns utils usr/sbin/isnsadm)"; }
@test "monitoring" { follow monitoring "$("$top/scripts/unpacked" prometheus usr/bin/promtool)"; }

@test "every how-to with commands to run is followed here" {
	grep -l '^```sh run' "$top"/doc/howto/*.md | while read -r f; do
		f=${f##*/}
		grep -q "^@test \"${f%.md}\" { follow ${f%.md}[; ]" "$BATS_TEST_FILENAME" ||
			{ echo "no test follows $f"; return 1; }
	done
}
