/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filters fault, delay and trace, alone and before one another.
 */
#include "bs/filter.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bs/bs_types.h"
#include "bs_box.h"
#include "t_loop.h"

static void refused(void **state, const char *path, const char *word)
{
	struct bs_conf conf = { .type = "mem", .path = path };
	struct err err = { .code = ERR_OK };

	assert_null(box_open_conf(*state, &conf, &err));
	if (!strstr(err.text, word))
		fail_msg("%s: \"%s\" lacks \"%s\"", path, err.text, word);
}

static void nonsense_in_a_path_is_refused_with_a_sentence(void **state)
{
	refused(state, "fault:op=write", "fault:ARGUMENTS:PATH");
	refused(state, "fault:op=wriet:1M", "op=wriet");
	refused(state, "fault:op:1M", "op has no value");
	refused(state, "fault:errno=EFOO:1M", "EFOO");
	refused(state, "fault:op=read+wrong=1:1M", "wrong=1");
	refused(state, "delay:read=soon:1M", "read=soon");
	refused(state, "delay:seek=1s:1M", "seek=1s");
	refused(state, "delay:read=99999999999999s:1M", "read=");
	refused(state, "trace:/nonexistent/x:1M", "/nonexistent/x");
	refused(state, "fault::nosize", "size");
	refused(state, "fault:::::::::::", "size");
	refused(state, "delay::delay::delay::delay::delay::delay::delay::delay::delay::1M",
		"filters");
}

static void a_path_with_a_colon_is_no_filter(void **state)
{
	struct bs_conf conf = { .type = "rdwr", .path = "/nonexistent/fault:op=read:x" };
	struct err err = { .code = ERR_OK };

	assert_null(box_open_conf(*state, &conf, &err));
	assert_non_null(strstr(err.text, "No such file"));
}

static void a_filter_looks_like_its_child(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem", "delay:read=0:fault:op=read,offset=9,len=0:1M", NULL);

	assert_ptr_equal(bs->type, &bs_delay_type);
	assert_ptr_equal(bs->child->type, &bs_fault_type);
	assert_string_equal(bs_base_type(bs)->name, "mem");
	assert_string_equal(bs->path, "delay:read=0:fault:op=read,offset=9,len=0:1M");
	assert_int_equal(bs->size, MiB);
	assert_true(bs->unmap_zeroes);
	assert_int_equal(bs->cap[BS_UNMAP], BS_CAP_NATIVE);
	assert_int_equal(bs->unmap_granularity, bs->child->child->unmap_granularity);
	box_close(box, bs);
}

static void grown(struct bs *bs, void *arg)
{
	*(uint64_t *)arg = bs->size;
}

static void a_new_size_of_the_child_is_passed_on(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem", "fault::delay::1M", NULL);
	uint64_t told = 0;

	bs->resized = grown;
	bs->resized_arg = &told;
	bs_set_size(bs->child->child, 512 * KiB);
	assert_int_equal(told, 512 * KiB);
	box_close(box, bs);
}

static void all_operations_pass_through(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem", "trace::fault::delay::1M", NULL);
	struct bs_extent ext[4];
	uint8_t buf[1000], got[1000];

	box_fill(buf, sizeof(buf), 0, 1);
	assert_int_equal(box_write(box, bs, 70000, buf, sizeof(buf)), 0);
	assert_int_equal(box_read(box, bs, 70000, got, sizeof(got)), 0);
	assert_memory_equal(buf, got, sizeof(buf));
	assert_int_equal(box_extents(box, bs, 0, MiB, ext, 4), 3);
	assert_int_equal(box_extents(box, bs, 0, MiB, ext, 2), 2);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	assert_int_equal(box_io(box, bs, BS_UNMAP, 0, 65536, NULL, 65536), 0);
	assert_int_equal(box_io(box, bs, BS_ZERO, 0, 65536, NULL, 65536), 0);
	assert_int_equal(box_io(box, bs, BS_PREFETCH, 0, 65536, NULL, 65536), 0);
	assert_int_equal(box_extents(box, bs, 0, MiB, ext, 4), 1);
	box_close(box, bs);
}

static void fault_strikes_what_its_rule_says(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem",
				 "fault:op=write,errno=ENOSPC,offset=4K,len=512"
				 "+op=flush,errno=5:1M",
				 NULL);
	uint8_t buf[8192] = { 0 };

	assert_int_equal(box_write(box, bs, 0, buf, 4096), 0);
	assert_int_equal(box_write(box, bs, 4608, buf, 512), 0);
	assert_int_equal(box_write(box, bs, 4607, buf, 1), -ENOSPC);
	assert_int_equal(box_write(box, bs, 0, buf, 4097), -ENOSPC);
	assert_int_equal(box_write(box, bs, 0, buf, 8192), -ENOSPC);
	assert_int_equal(box_read(box, bs, 4096, buf, 512), 0);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), -EIO);
	box_close(box, bs);
}

static void fault_counts_and_lets_the_first_pass(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem",
				 "fault:op=read,after=2,count=1"
				 "+op=read,after=1,count=1,errno=EBADMSG:1M",
				 NULL);
	uint8_t b;

	assert_int_equal(box_read(box, bs, 0, &b, 1), 0);
	assert_int_equal(box_read(box, bs, 0, &b, 1), -EBADMSG);
	assert_int_equal(box_read(box, bs, 0, &b, 1), -EIO);
	assert_int_equal(box_read(box, bs, 0, &b, 1), 0);
	box_close(box, bs);
}

static void fault_rules_change_while_requests_hang(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem", "delay::fault:hang=1:1M", NULL);
	struct err err = { .code = ERR_OK };
	struct box_io read, write;
	uint8_t b = 1;

	box_start(&read, bs, BS_READ, 0, 0, &b, 1);
	box_start(&write, bs, BS_WRITE, 0, 0, &b, 1);
	t_loop_turns(box->loop, 10);
	assert_int_equal(read.ended + write.ended, 0);
	assert_int_equal(bs_fault_set(bs, "op=sing", &err), -EINVAL);
	assert_non_null(strstr(err.text, "op=sing"));
	assert_int_equal(bs_fault_set(bs, "op=write,hang=1", NULL), 0);
	assert_int_equal(read.ended, 0);
	assert_int_equal(box_wait(box, &read), 0);
	assert_int_equal(write.ended, 0);
	assert_int_equal(bs_fault_set(bs, "", NULL), 0);
	assert_int_equal(box_wait(box, &write), 0);
	box_close(box, bs);
}

static void fault_set_needs_a_fault_filter(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem", "delay::1M", NULL);
	struct err err = { .code = ERR_OK };

	assert_int_equal(bs_fault_set(bs, "", &err), -EINVAL);
	assert_non_null(strstr(err.text, "fault::PATH"));
	box_close(box, bs);
}

static void closing_ends_what_hangs_and_what_is_delayed(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem", "delay:all=1000s:fault:op=read,hang=1:1M", NULL);
	struct box_io read, write;
	uint8_t b = 7;

	box_start(&read, bs, BS_READ, 0, 0, &b, 1);
	box_start(&write, bs, BS_WRITE, 0, 0, &b, 1);
	t_loop_turns(box->loop, 3);
	box_close(box, bs);
	assert_int_equal(read.ended, 1);
	assert_int_equal(read.req.result, -ENODEV);
	assert_int_equal(write.ended, 1);
	assert_int_equal(write.req.result, 0);
}

static void delay_takes_its_time_in_order(void **state)
{
	struct bs_box *box = *state;
	struct bs *bs = box_open(box, "mem", "delay:write=10ms,read=3us:1M", NULL);
	struct box_io w1, w2, r;
	uint8_t b = 7;

	loop_clock_advance(box->loop, 0);
	box_start(&w1, bs, BS_WRITE, 0, 0, &b, 1);
	loop_clock_advance(box->loop, NSEC_PER_MSEC);
	t_loop_turns(box->loop, 1);
	box_start(&w2, bs, BS_WRITE, 0, 1, &b, 1);
	box_start(&r, bs, BS_READ, 0, 0, &b, 1);
	loop_clock_advance(box->loop, 3000);
	t_loop_turns(box->loop, 2);
	assert_int_equal(r.ended, 1);
	loop_clock_advance(box->loop, 9 * NSEC_PER_MSEC - 3001);
	t_loop_turns(box->loop, 2);
	assert_int_equal(w1.ended, 0);
	loop_clock_advance(box->loop, 1);
	t_loop_turns(box->loop, 2);
	assert_int_equal(w1.ended, 1);
	assert_int_equal(w2.ended, 0);
	loop_clock_advance(box->loop, NSEC_PER_MSEC);
	t_loop_turns(box->loop, 2);
	assert_int_equal(w2.ended, 1);
	assert_int_equal(box_io(box, bs, BS_FLUSH, 0, 0, NULL, 0), 0);
	box_close(box, bs);
}

static void trace_writes_one_line_a_request(void **state)
{
	struct bs_box *box = *state;
	char path[256], line[256];
	unsigned int n = 0;
	struct bs *bs;
	uint8_t b[512] = { 0 };
	FILE *in;

	snprintf(path, sizeof(path), "trace:%s/log:fault:op=read,errno=EIO:1M", box->dir);
	bs = box_open(box, "mem", path, NULL);
	assert_int_equal(box_io(box, bs, BS_WRITE, BS_REQ_FUA | BS_REQ_DPO, 4096, b, 512), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(box_read(box, bs, 1024, b, 512), -EIO);
	box_close(box, bs);
	snprintf(path, sizeof(path), "%s/log", box->dir);
	in = fopen(path, "re");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		if (n++ == 0)
			assert_non_null(strstr(line, " write 4096 512 FD 0 "));
		else
			assert_non_null(strstr(line, " read 1024 512 - -5 "));
	}
	assert_int_equal(n, 1001);
	fclose(in);
}

#define box_test(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		box_test(nonsense_in_a_path_is_refused_with_a_sentence),
		box_test(a_path_with_a_colon_is_no_filter),
		box_test(a_filter_looks_like_its_child),
		box_test(a_new_size_of_the_child_is_passed_on),
		box_test(all_operations_pass_through),
		box_test(fault_strikes_what_its_rule_says),
		box_test(fault_counts_and_lets_the_first_pass),
		box_test(fault_rules_change_while_requests_hang),
		box_test(fault_set_needs_a_fault_filter),
		box_test(closing_ends_what_hangs_and_what_is_delayed),
		box_test(delay_takes_its_time_in_order),
		box_test(trace_writes_one_line_a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
