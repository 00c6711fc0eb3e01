/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes and shows image files for logical units: the options of the predecessor's tgtimg, and a
 * few more. What there is to know about images is in usr/img.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "base/strbuf.h"
#include "img/img.h"

#define EXIT_WORD 1	   /* unknown operation, as the predecessor */
#define EXIT_BAD 2	   /* check found something that is not as it should be */
#define EXIT_USAGE EINVAL  /* 22 */
#define MEGABYTE MiB	   /* what a bare number counts */

static volatile sig_atomic_t stopped_by;

static void on_signal(int signo)
{
	stopped_by = signo;
}

static bool stopped(void)
{
	return stopped_by;
}

static int usage(void)
{
	const struct img_type *const *t;
	size_t i;

	puts("Usage: tgtimg --op new --device-type TYPE [--type MEDIA] [--size SIZE] --file FILE\n"
	     "       tgtimg --op show|check|repair [--device-type TYPE] --file FILE\n"
	     "Makes and shows images that tgtd serves.\n\n"
	     "  -o, --op OPERATION         new, show, check or repair\n"
	     "  -Y, --device-type TYPE     what for; see below\n"
	     "  -t, --type MEDIA           which kind; see below\n"
	     "  -s, --size SIZE            in megabytes, or with K M G T P E behind it: 100, 10g\n"
	     "  -b, --barcode BARCODE      of media that have one\n"
	     "  -f, --file FILE            the image\n"
	     "  -T, --thin-provisioning    take space only when it is written; else it is set\n"
	     "                             aside now\n"
	     "      --write-zeroes         write all of it now\n"
	     "      --force                replace a file that is there\n"
	     "      --json                 show as JSON\n"
	     "  -V, --version              print the version\n"
	     "  -h, --help                 show this\n\n"
	     "Types of devices, and their media:");
	for (t = img_types; *t; t++) {
		printf("  %-10s", (*t)->name);
		for (i = 0; (*t)->media[i]; i++)
			printf(" %s", (*t)->media[i]);
		putchar('\n');
	}
	puts("\nSee tgtimg(8).");
	return 0;
}

static int refuse(int code, const char *fmt, ...) printf_like(2, 3);
static int refuse(int code, const char *fmt, ...)
{
	va_list ap;

	fputs("tgtimg: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\nTry 'tgtimg --help' for more information.\n", stderr);
	return code;
}

static int print_fail(int r, const struct err *err)
{
	fprintf(stderr, "tgtimg: %s\n", err->text[0] ? err->text : err_sentence(err->code));
	return -r;
}

/* --- options -------------------------------------------------------------------------------------- */

enum { OPT_FORCE = 256, OPT_JSON, OPT_ZEROES };

static const struct option longs[] = {
	{ "barcode", required_argument, NULL, 'b' },
	{ "device-type", required_argument, NULL, 'Y' },
	{ "file", required_argument, NULL, 'f' },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "op", required_argument, NULL, 'o' },
	{ "size", required_argument, NULL, 's' },
	{ "thin-provisioning", no_argument, NULL, 'T' },
	{ "type", required_argument, NULL, 't' },
	{ "version", no_argument, NULL, 'V' },
	{ "write-zeroes", no_argument, NULL, OPT_ZEROES },
	{ NULL, 0, NULL, 0 },
};

struct command {
	const char *op;
	const struct img_type *type;
	struct img_new new;
	bool json, help, version;
};

static int take_size(struct command *c, const char *text)
{
	int r = size_parse(text, MEGABYTE, &c->new.size);

	c->new.given |= IMG_SIZE;
	if (!r)
		return 0;
	return refuse(EXIT_USAGE, r == -ERANGE ? "no file can be as large as %s" :
						 "'%s' is no size: megabytes, or a number with one "
						 "of K M G T P E behind it", text);
}

static int take_type(struct command *c, const char *text)
{
	c->type = img_type_find(text);
	return c->type ? 0 : refuse(EXIT_USAGE, "unknown target type: %s", text);
}

static int take_alloc(struct command *c, enum img_alloc alloc)
{
	if (c->new.given & IMG_ALLOC && c->new.alloc != alloc)
		return refuse(EXIT_USAGE, "--thin-provisioning and --write-zeroes exclude each other");
	c->new.given |= IMG_ALLOC;
	c->new.alloc = alloc;
	return 0;
}

static int take_op(struct command *c, const char *text)
{
	static const char *const ops[] = { "new", "show", "check", "repair" };

	c->op = text;
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strcmp(text, ops[i]))
			return 0;
	return refuse(EXIT_WORD, "unknown operation: %s", text);
}

/* 0, or the exit code. */
static int take(struct command *c, int option)
{
	switch (option) {
	case 'b': c->new.barcode = optarg; c->new.given |= IMG_BARCODE; return 0;
	case 'f': c->new.path = optarg; return 0;
	case 'h': c->help = true; return 0;
	case 'o': return take_op(c, optarg);
	case 's': return take_size(c, optarg);
	case 't': c->new.media = optarg; return 0;
	case 'T': return take_alloc(c, IMG_SPARSE);
	case 'V': c->version = true; return 0;
	case 'Y': return take_type(c, optarg);
	case OPT_FORCE: c->new.force = true; return 0;
	case OPT_JSON: c->json = true; return 0;
	case OPT_ZEROES: return take_alloc(c, IMG_ZEROES);
	}
	fputs("Try 'tgtimg --help' for more information.\n", stderr);
	return EXIT_USAGE;
}

static int parse(struct command *c, int argc, char **argv)
{
	int option, r = 0;

	while (!r && (option = getopt_long(argc, argv, "b:f:ho:s:t:TVY:", longs, NULL)) != -1)
		r = take(c, option);
	if (r || c->help || c->version)
		return r;
	if (optind < argc)
		return refuse(EXIT_USAGE, "unrecognized option '%s'", argv[optind]);
	if (!c->op)
		return refuse(EXIT_USAGE, "specify the operation type");
	if (!c->new.path)
		return refuse(EXIT_USAGE, "specify the file with --file");
	return 0;
}

/* --- new ------------------------------------------------------------------------------------------ */

/* The predecessor took options that a type has no use for, so scripts may give them. */
static void say_ignored(const struct command *c)
{
	unsigned int useless = c->new.given & ~c->type->takes;

	if (useless & IMG_SIZE)
		fprintf(stderr, "tgtimg: a blank %s has no size yet: --size is ignored\n",
			c->type->name);
	if (useless & IMG_BARCODE)
		fprintf(stderr, "tgtimg: a %s has no barcode: --barcode is ignored\n", c->type->name);
	if (useless & IMG_ALLOC)
		fprintf(stderr, "tgtimg: a %s needs no space yet: --%s is ignored\n", c->type->name,
			c->new.alloc == IMG_SPARSE ? "thin-provisioning" : "write-zeroes");
}

/* An interruption removes what is half made. What nohup(1) and shells have ignored stays ignored. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal }, old;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
}

static int run_new(struct command *c)
{
	struct err err = { .code = ERR_OK };
	struct progress progress;
	int r;

	if (!c->type)
		return refuse(EXIT_USAGE, "specify what to make with --device-type");
	say_ignored(c);
	catch_signals();
	progress_start(&progress, stderr);
	c->new.progress = &progress;
	c->new.stopped = stopped;
	r = img_create(c->type, &c->new, &err);
	progress_end(&progress);
	if (stopped_by && r) {
		print_fail(r, &err);
		return 128 + stopped_by;
	}
	if (r)
		return print_fail(r, &err);
	printf("Created blank %s image file : %s\n", c->type->blank, c->new.path);
	return 0;
}

/* --- show ----------------------------------------------------------------------------------------- */

static void value_text(const char *name, const json_t *v, struct strbuf *out)
{
	char text[SIZE_STRLEN];

	if (json_is_boolean(v))
		strbuf_puts(out, json_is_true(v) ? "Yes" : "No");
	else if (json_is_string(v))
		strbuf_puts(out, json_string_value(v));
	else
		strbuf_printf(out, "%lld", (long long)json_integer_value(v));
	if (strcmp(name, "size") && strcmp(name, "allocated") && strcmp(name, "data"))
		return;
	strbuf_puts(out, " bytes");
	if (json_integer_value(v) >= 1024)
		strbuf_printf(out, " (%s)", size_format((uint64_t)json_integer_value(v), text));
}

/* "device_type" is shown as "Device type". */
static void member_text(const char *name, const json_t *v, struct strbuf *out)
{
	size_t start = out->len;
	char *p;

	strbuf_printf(out, "%s:%*s", name, (int)(strlen(name) < 12 ? 12 - strlen(name) : 1), "");
	if (strbuf_ok(out)) {
		out->s[start] = (char)(out->s[start] - 'a' + 'A');
		for (p = out->s + start; *p; p++)
			*p = *p == '_' ? ' ' : *p;
	}
	value_text(name, v, out);
	strbuf_putc(out, '\n');
}

static int run_show(const struct command *c)
{
	struct err err = { .code = ERR_OK };
	struct strbuf out = STRBUF_INIT;
	const char *name;
	json_t *obj, *v;
	int r;

	if (!strcmp(c->op, "show"))
		r = img_show(c->type, c->new.path, &obj, &err);
	else
		r = img_check(c->type, c->new.path, !strcmp(c->op, "repair"), &obj, &err);
	if (r < 0)
		return print_fail(r, &err);
	if (c->json) {
		json_dumpf(obj, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		json_object_foreach(obj, name, v)
			member_text(name, v, &out);
		fputs(strbuf_str(&out), stdout);
	}
	strbuf_free(&out);
	json_decref(obj);
	return r ? EXIT_BAD : 0;
}

int main(int argc, char **argv)
{
	struct command c = { .new = { .fd = -1 } };
	int r = parse(&c, argc, argv);

	if (r)
		return r;
	if (c.help)
		r = usage();
	else if (c.version)
		puts(TGT_VERSION);
	else
		r = !strcmp(c.op, "new") ? run_new(&c) : run_show(&c);
	if (fflush(stdout)) {
		perror("tgtimg: can't write");
		return EIO;
	}
	return r;
}
