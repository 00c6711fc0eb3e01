/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells AddressSanitizer that memory on a free list must not be touched; does
 * nothing in other builds. For pool.c and buf.c.
 */
#ifndef BASE_POISON_H
#define BASE_POISON_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define POISON_ASAN 1
#endif

#ifdef POISON_ASAN
#include <sanitizer/asan_interface.h>
#define mem_poison(p, size) ASAN_POISON_MEMORY_REGION(p, size)
#define mem_unpoison(p, size) ASAN_UNPOISON_MEMORY_REGION(p, size)
#else
#define mem_poison(p, size) ((void)(p), (void)(size))
#define mem_unpoison(p, size) ((void)(p), (void)(size))
#endif

#endif
