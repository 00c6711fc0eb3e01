/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A store "sg" without a device: tests of passthrough say how the device answers, and look at what it
 * was told. target_fake.c has it among its stores.
 */
#ifndef TARGET_PASS_H
#define TARGET_PASS_H

#include "bs/bs.h"

struct pass_device {
	/* What it was told. */
	unsigned int commands, resets;
	uint8_t cdb[32];
	uint8_t cdb_len;
	enum bs_pass_dir dir;
	uint64_t len;
	uint32_t timeout_ms;
	uint8_t out[512];
	/* What it answers, to all until it is changed. */
	int result;		  /* -errno: the device was not reached */
	uint8_t status;
	uint8_t sense[96], sense_len;
	uint8_t in[4096];
	uint32_t in_len;	  /* it has so much; at most what is asked for is sent */
	uint32_t out_short;	  /* it leaves so much of what it is sent */
	bool hold;		  /* commands stay with it until pass_go() or a reset */
	struct bs_req *held[8];
	unsigned int n_held;
};

extern struct pass_device pass_device;
extern const struct bs_type pass_fake_type;

/* All of it zero: a device that is GOOD with everything and has no data. */
void pass_reset(void);
/* What is held ends now with @result. */
void pass_go(int result);

#endif
