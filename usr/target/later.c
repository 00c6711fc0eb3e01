/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failures that are told from the loop. Called by lu_open.c.
 */
#include "target/later.h"

#include <stdlib.h>

static void tell_one(const struct later *l)
{
	if (l->created)
		l->created(l->arg, NULL, &l->err);
	else if (l->path_set)
		l->path_set(l->arg, &l->err);
}

static bool is_spare(const struct laters *ls, const struct later *l)
{
	return l >= ls->spares && l < ls->spares + LATER_SPARES;
}

static void tell(struct loop_call *c)
{
	struct laters *ls = container_of(c, struct laters, tell);
	struct list batch, *link;

	list_init(&batch);
	list_splice_back(&batch, &ls->list);
	while ((link = list_pop(&batch)) != NULL) {
		struct later *l = list_entry(link, struct later, link);

		tell_one(l);
		if (is_spare(ls, l))
			l->used = false;
		else
			free(l);
	}
}

void laters_init(struct laters *ls, struct loop *loop)
{
	ls->loop = loop;
	list_init(&ls->list);
	loop_call_init(&ls->tell, LOOP_REAP, tell);
}

void laters_done(struct laters *ls)
{
	loop_call_cancel(&ls->tell);
	tell(&ls->tell);
}

static struct later *take_spare(struct laters *ls)
{
	for (unsigned int i = 0; i < LATER_SPARES; i++) {
		if (ls->spares[i].used)
			continue;
		ls->spares[i].used = true;
		return &ls->spares[i];
	}
	return NULL;
}

static void keep(struct laters *ls, const struct later *news)
{
	struct later *l = malloc(sizeof(*l));
	bool spare = !l;

	if (!l)
		l = take_spare(ls);
	if (!l) {
		tell_one(news);
		return;
	}
	*l = *news;
	l->used = spare;
	list_push_back(&ls->list, &l->link);
	loop_call_queue(ls->loop, &ls->tell);
}

void later_created(struct laters *ls,
		   void (*created)(void *arg, struct lu *lu, const struct err *err), void *arg,
		   const struct err *err)
{
	struct later news = { .created = created, .arg = arg, .err = *err };

	keep(ls, &news);
}

void later_path_set(struct laters *ls, void (*path_set)(void *arg, const struct err *err),
		    void *arg, const struct err *err)
{
	struct later news = { .path_set = path_set, .arg = arg, .err = *err };

	keep(ls, &news);
}
