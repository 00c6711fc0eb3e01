#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tgtd --metrics: what a scraper gets, and what hostile clients don't.
#
# shellcheck disable=SC2001,SC2016,SC2153,SC2154

load lib.bash

setup() {
	setup_dir
	MPORT=$(free_port)
}

teardown() {
	[ -z "${HOLD_PID:-}" ] || kill "$HOLD_PID" 2>/dev/null || true
	teardown_tgtd
}

# Some reads and writes, and one that fails.
some_io() {
	PYTHONPATH=$top/test/lib python3 -c '
import sys, initiator
s = initiator.Session(int(sys.argv[1]), sys.argv[2])
s.ready()
for i in range(20):
	s.read10(i, 8)
s.write10(0, bytes(512))
try:
	s.read10(1 << 30, 1)
except Exception:
	pass
open(sys.argv[3], "w").close()
sys.stdin.read()' "$PORT" "$IQN" "$DIR/ready" < <(sleep 60) 3>&- &
	HOLD_PID=$!
	wait_for 20 test -e "$DIR/ready"
}

# get PATH [HEADER]: by HTTP; the body. Fails unless it is whole.
get() {
	python3 - "$MPORT" "$@" <<-'END'
	import http.client, sys
	c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
	c.request("GET", sys.argv[2], headers={"Accept": sys.argv[3]} if sys.argv[3:] else {})
	r = c.getresponse()
	body = r.read().decode()
	sys.stderr.write(f"{r.status} {r.getheader('Content-Type')}\n")
	sys.stdout.write(body)
	sys.exit(r.status != 200)
	END
}

# say: standard input as it is, and what comes back.
say() {
	timeout 5 python3 "$top/test/lib/tcp_say.py" "$MPORT"
}

# The package's module is the package's Python's, which need not be the first one.
parser() {
	local python
	for python in python3 /usr/bin/python3; do
		! "$python" -c 'import prometheus_client' 2>/dev/null || break
	done
	"$python" "$@"
}

find_promtool() {
	PROMTOOL=${PROMTOOL:-$(command -v promtool || "$top/scripts/unpacked" prometheus usr/bin/promtool)}
}

@test "metrics have the counters of targets, LUNs and sessions" {
	start_tgtd --metrics "127.0.0.1:$MPORT"
	add_target
	add_lun 1 1 "$(make_disk a 4M)"
	some_io
	get /metrics >"$DIR/m" 2>"$DIR/head"
	[ "$(cat "$DIR/head")" = '200 text/plain; version=0.0.4; charset=utf-8' ]
	grep -qx "tgt_lun_latency_seconds_count{target=\"$IQN\",lun=\"1\",class=\"read\"} 21" "$DIR/m"
	grep -qx "tgt_lun_bytes_total{target=\"$IQN\",lun=\"1\",class=\"read\"} $((20 * 8 * 512))" "$DIR/m"
	grep -qx "tgt_target_bytes_total{target=\"$IQN\",class=\"write\"} 512" "$DIR/m"
	grep -qx "tgt_lun_sense_total{target=\"$IQN\",lun=\"1\",key=\"illegal_request\"} 1" "$DIR/m"
	grep -q "^tgt_session_latency_seconds_bucket{.*,class=\"read\",le=\"+Inf\"} 21" "$DIR/m"
	grep -q "^tgt_connection_received_bytes_total{target=\"$IQN\",initiator=\"iqn\..*,session=\".*,connection=\"0\",address=\"127.0.0.1\"} [1-9]" "$DIR/m"
	grep -q '^tgt_connection_latency_seconds_count{.*,address="127.0.0.1",class="read"} 21$' "$DIR/m"
	grep -q '^tgt_connection_pdus_total{.*,type="command"} ' "$DIR/m"
	grep -qx "tgt_target_sessions{target=\"$IQN\"} 1" "$DIR/m"
	grep -qx "tgt_lun_size_bytes{target=\"$IQN\",lun=\"1\"} 4194304" "$DIR/m"
}

@test "promtool accepts them" {
	find_promtool
	start_tgtd --metrics "127.0.0.1:$MPORT"
	add_target
	add_lun 1 1 "$(make_disk a 4M)"
	some_io
	get /metrics | "$PROMTOOL" check metrics
}

@test "who asks for OpenMetrics gets it, and its parser accepts it" {
	start_tgtd --metrics "127.0.0.1:$MPORT"
	add_target
	add_lun 1 1 "$(make_disk a 4M)"
	some_io
	get /metrics 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' >"$DIR/m" 2>"$DIR/head"
	[ "$(cat "$DIR/head")" = '200 application/openmetrics-text; version=1.0.0; charset=utf-8' ]
	[ "$(tail -n 1 "$DIR/m")" = '# EOF' ]
	grep -qx '# TYPE tgt_lun_bytes counter' "$DIR/m"
	parser -c '
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
names = [f.name for f in parse(open(sys.argv[1]).read())]
assert "tgt_lun_latency_seconds" in names, names
assert len(names) == len(set(names))' "$DIR/m"
}

@test "a Unix socket serves them, is nobody else's, and goes with tgtd" {
	start_tgtd --metrics "unix:$DIR/metrics"
	curl -sS --unix-socket "$DIR/metrics" http://localhost/metrics | grep -q '^tgt_build_info{'
	[ "$(stat -c %a "$DIR/metrics")" = 660 ]
	stop_tgtd
	[ ! -e "$DIR/metrics" ]
}

@test "only loopback addresses are served, and nothing else than metrics" {
	run "$TGTD" -f -s "$DIR/state" --metrics 0.0.0.0:9260
	[ "$status" -eq 1 ]
	[[ $output == *"0.0.0.0:9260 is no loopback address"* ]]
	start_tgtd --metrics "127.0.0.1:$MPORT"
	run get /
	[[ $output == *404* ]]
	printf 'POST /metrics HTTP/1.1\r\n\r\n' | say | grep -q '^HTTP/1.1 405 '
	printf 'garbage\r\n\r\n' | say | grep -q '^HTTP/1.1 400 '
	head -c 20000 /dev/zero | tr '\0' a | say | grep -q '^HTTP/1.1 431 '
	printf 'GET /metrics HTTP/1.0\r\n\r\n' | say >"$DIR/old"
	run grep '^Transfer-Encoding' "$DIR/old"
	[ "$status" -eq 1 ]
	grep -q '^tgt_build_info{' "$DIR/old"
}

@test "ten thousand LUNs and deaf clients hold up nobody" {
	start_tgtd --metrics "127.0.0.1:$MPORT"
	add_target
	python3 -c '
import json
for lun in range(1, 10001):
	print(json.dumps({"object": "logicalunit", "verb": "new", "args": {"tid": 1, "lun": lun, "bstype": "null"}}))' |
		tgtadm --json - | grep -vc '"ok":true' | grep -qx 0
	# Eight that ask and do not read; a ninth is turned away, and served when they have gone.
	python3 - "$MPORT" "$PORT" "$IQN" "$top/test/lib" "$TGTD_PID" <<-'END'
	import socket, sys, time
	sys.path.insert(0, sys.argv[4])
	import initiator
	def dial():
	    s = socket.socket()
	    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
	    s.settimeout(20)
	    s.connect(("127.0.0.1", int(sys.argv[1])))
	    return s
	deaf = []
	for i in range(8):
	    deaf.append(dial())
	    deaf[-1].sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
	s = initiator.Session(int(sys.argv[2]), sys.argv[3])
	s.ready()
	worst = 0
	for i in range(300):
	    start = time.time()
	    s.read10(0, 1)
	    worst = max(worst, time.time() - start)
	assert worst < 1, worst
	ninth = dial()
	assert ninth.recv(100) == b""
	rss = int(next(x for x in open(f"/proc/{sys.argv[5]}/status") if x.startswith("VmRSS")).split()[1])
	for d in deaf:
	    d.close()
	time.sleep(0.2)
	whole, again = b"", dial()
	again.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
	while True:
	    data = again.recv(1 << 20)
	    if not data:
	        break
	    whole += data
	assert whole.count(b"\ntgt_lun_up{") == 10001, whole.count(b"\ntgt_lun_up{")
	END
}
