/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading of stores that are modules (bs/bs_module.h), and the sentence for a type that
 * is not there. Called by tgtd.c at start, and where a type is named.
 */
#include "bs/bs_module.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "bs/bs_core.h"

#define PREFIX "bs_"
#define SUFFIX ".so"

/* One file. With @error it gave no types. Owner: bs_core.modules. */
struct loaded {
	struct list link;
	char *path;
	char *name;  /* "rbd" */
	char *error; /* NULL: it is in use */
	void *handle;
	const struct bs_module *module;
};

/* Those of this tree and the Debian packages they are in. */
static const struct {
	const char *type, *package;
} packages[] = {
	{ "rbd", "tgt-rbd" },
	{ "glfs", "tgt-glusterfs" },
	{ "nbd", "tgt-nbd" },
};

static void refuse(struct loaded *l, const char *why)
{
	log_warn("%s: %s", l->path, why);
	l->error = strdup(why);
	l->module = NULL;
	if (l->handle)
		dlclose(l->handle);
	l->handle = NULL;
}

static bool fits(const struct bs_module *m)
{
	static const struct bs_module_sizes sizes = BS_MODULE_SIZES;

	return m->abi == BS_MODULE_ABI && !memcmp(&m->sizes, &sizes, sizeof(sizes));
}

static unsigned int types_count(const struct bs_type *const *types)
{
	unsigned int n = 0;

	while (types[n])
		n++;
	return n;
}

/* A name that is taken already, or NULL. */
static const char *types_clash(struct bs_core *core, const struct bs_type *const *types)
{
	for (unsigned int i = 0; types[i]; i++)
		for (unsigned int k = 0; core->types[k]; k++)
			if (!strcmp(types[i]->name, core->types[k]->name))
				return types[i]->name;
	return NULL;
}

static int types_add(struct bs_core *core, const struct bs_type *const *types)
{
	unsigned int old = types_count(core->types), more = types_count(types);
	const struct bs_type **all = calloc(old + more + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	memcpy(all, core->types, old * sizeof(*all));
	memcpy(all + old, types, more * sizeof(*all));
	free(core->own_types);
	core->own_types = all;
	core->types = all;
	return 0;
}

/* The file is open, or @error says why it isn't. */
static void module_adopt(struct bs_core *core, struct loaded *l, const char *error)
{
	const struct bs_module *m;
	char why[160];
	const char *clash;

	list_push_back(&core->modules, &l->link);
	if (!l->handle) {
		refuse(l, error);
		return;
	}
	l->module = m = dlsym(l->handle, "bs_module");
	if (!m) {
		refuse(l, "it is not a store of tgtd: it has no symbol bs_module");
		return;
	}
	if (!fits(m)) {
		snprintf(why, sizeof(why), "it was built for another tgtd%s%.20s: install the one of version %s",
			 m->abi == BS_MODULE_ABI ? ", of version " : "",
			 m->abi == BS_MODULE_ABI ? m->version : "", TGT_VERSION);
		refuse(l, why);
		return;
	}
	clash = types_clash(core, m->types);
	if (clash) {
		snprintf(why, sizeof(why), "there is a store %.40s already", clash);
		refuse(l, why);
	} else if (types_add(core, m->types)) {
		refuse(l, "out of memory");
	} else {
		log_info("%s: stores of version %s", l->path, m->version);
	}
}

static void loaded_free(struct loaded *l)
{
	free(l->path);
	free(l->name);
	free(l->error);
	free(l);
}

/* Those whose name begins and ends as a module's. */
static int is_module(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > strlen(PREFIX SUFFIX) && !strncmp(e->d_name, PREFIX, strlen(PREFIX)) &&
	       !strcmp(e->d_name + n - strlen(SUFFIX), SUFFIX);
}

static struct loaded *loaded_new(const char *dir, const char *name, size_t len)
{
	struct loaded *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	list_init(&l->link);
	l->name = strndup(name, len);
	if (l->name && asprintf(&l->path, "%s/" PREFIX "%s" SUFFIX, dir, l->name) >= 0)
		return l;
	l->path = NULL; /* asprintf() may leave anything there */
	loaded_free(l);
	return NULL;
}

static void module_load(struct bs_core *core, const char *dir, const char *file)
{
	size_t len = strlen(file) - strlen(PREFIX SUFFIX);
	struct loaded *l = loaded_new(dir, file + strlen(PREFIX), len);

	if (!l) {
		log_err("%s/%s: out of memory", dir, file);
		return;
	}
	l->handle = dlopen(l->path, RTLD_NOW | RTLD_LOCAL);
	module_adopt(core, l, l->handle ? NULL : dlerror());
}

void bs_modules_load(struct bs_core *core, const char *dir)
{
	struct dirent **files;
	int n = dir ? scandir(dir, &files, is_module, alphasort) : 0;

	free(core->module_dir);
	core->module_dir = dir ? strdup(dir) : NULL;
	if (n < 0 && errno != ENOENT)
		log_warn("%s: %s: no store is loaded from there", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		module_load(core, dir, files[i]->d_name);
		free(files[i]);
	}
	if (dir && n >= 0)
		free(files);
}

/*
 * Handles stay open: libraries of clusters leave threads behind that would run in what
 * was unmapped, and the process ends anyway.
 */
void bs_modules_free(struct bs_core *core)
{
	struct list *l;

	while ((l = list_pop(&core->modules)) != NULL)
		loaded_free(list_entry(l, struct loaded, link));
	free(core->own_types);
	free(core->module_dir);
}

/* --- later */

/* A file that is being opened by a thread. Owner: itself. */
struct look {
	struct job job;
	struct bs_core *core;
	struct loaded *l;
	char *error; /* of dlopen() */
	void (*done)(void *arg);
	void *arg;
};

static void look_run(struct job *job)
{
	struct look *k = container_of(job, struct look, job);

	k->l->handle = dlopen(k->l->path, RTLD_NOW | RTLD_LOCAL);
	if (!k->l->handle)
		k->error = strdup(dlerror());
}

/* What was refused once is forgotten when the same file is looked at again. */
static void forget_refused(struct bs_core *core, const char *path)
{
	struct loaded *l, *tmp;

	list_for_each_safe(l, tmp, &core->modules, link) {
		if (!l->error || strcmp(l->path, path))
			continue;
		list_del(&l->link);
		loaded_free(l);
	}
}

static void look_ran(struct job *job)
{
	struct look *k = container_of(job, struct look, job);

	forget_refused(k->core, k->l->path);
	module_adopt(k->core, k->l, k->error ? k->error : "out of memory");
	if (!k->core->modules_stopped)
		k->done(k->arg);
	free(k->error);
	free(k);
}

bool bs_module_look(struct bs_core *core, const char *name, void (*done)(void *arg), void *arg)
{
	struct look *k;

	if (!name || !core->module_dir || strchr(name, '/') || bs_type_find(core, name))
		return false;
	k = calloc(1, sizeof(*k));
	if (!k)
		return false;
	k->l = loaded_new(core->module_dir, name, strlen(name));
	if (!k->l || access(k->l->path, F_OK)) {
		if (k->l)
			loaded_free(k->l);
		free(k);
		return false;
	}
	k->core = core;
	k->done = done;
	k->arg = arg;
	k->job.run = look_run;
	k->job.done = look_ran;
	list_init(&k->job.link);
	worker_submit(core->workers, &k->job);
	return true;
}

void bs_modules_stop(struct bs_core *core)
{
	core->modules_stopped = true;
}

/* --- what there is */

const char *bs_type_module(const struct bs_core *core, const struct bs_type *type)
{
	struct loaded *l;

	list_for_each(l, &core->modules, link)
		for (unsigned int i = 0; l->module && l->module->types[i]; i++)
			if (l->module->types[i] == type)
				return l->path;
	return NULL;
}

int bs_type_missing(struct bs_core *core, const char *name, struct err *err)
{
	struct loaded *l;

	list_for_each(l, &core->modules, link)
		if (l->error && !strcmp(l->name, name))
			return err_set(err, ERR_INVALID_REQUEST, "there is no backing store type '%s': "
				       "%s can't be used: %s", name, l->path, l->error);
	for (unsigned int i = 0; i < ARRAY_SIZE(packages); i++)
		if (!strcmp(packages[i].type, name))
			return err_set(err, ERR_INVALID_REQUEST, "backing store type '%s' is a module that "
				       "is not installed: install the package %s", name,
				       packages[i].package);
	return err_set(err, ERR_INVALID_REQUEST, "there is no backing store type '%s'", name);
}
