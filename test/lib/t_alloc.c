/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions that the linker's --wrap puts in front of the allocator. Two
 * atomic counters, so that threads may allocate meanwhile.
 */
#include "t_alloc.h"

#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
int __real_posix_memalign(void **p, size_t align, size_t size);

static unsigned long count;
static unsigned long fail_at; /* value of count; 0 never */
static bool failed;

static bool must_fail(void)
{
	unsigned long n = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);

	if (__builtin_expect(n != __atomic_load_n(&fail_at, __ATOMIC_RELAXED), 1))
		return false;
	__atomic_store_n(&failed, true, __ATOMIC_RELAXED);
	return true;
}

void *__wrap_malloc(size_t size)
{
	if (must_fail()) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	if (must_fail()) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	if (must_fail()) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_realloc(p, size);
}

int __wrap_posix_memalign(void **p, size_t align, size_t size)
{
	return must_fail() ? ENOMEM : __real_posix_memalign(p, align, size);
}

void t_alloc_fail_nth(unsigned long n)
{
	unsigned long at = n ? __atomic_load_n(&count, __ATOMIC_RELAXED) + n : 0;

	__atomic_store_n(&failed, false, __ATOMIC_RELAXED);
	__atomic_store_n(&fail_at, at, __ATOMIC_RELAXED);
}

bool t_alloc_failed(void)
{
	return __atomic_load_n(&failed, __ATOMIC_RELAXED);
}

unsigned long t_alloc_count(void)
{
	return __atomic_load_n(&count, __ATOMIC_RELAXED);
}

void t_alloc_jansson(void)
{
	json_set_alloc_funcs(malloc, free);
}

unsigned long t_alloc_each(void (*body)(void *arg), void *arg)
{
	unsigned long n = 0;
	bool hit;

	do {
		t_alloc_fail_nth(++n);
		body(arg);
		hit = t_alloc_failed();
		t_alloc_fail_nth(0);
	} while (hit);
	return n;
}
