// SPDX-License-Identifier: GPL-2.0
/*
 * Undefined behaviour as the compiler finds it at run time (-fsanitize=undefined): it calls one of the handlers below with where that is
 * and what types are concerned, in the layout of gcc 12 (ubsan.c of its sources).
 */
#include <kernel/log.h>
#include <lib/format.h>
#include "debug.h"

struct place {
	const char *file;
	uint32_t line, column;		/* all ones once it was reported */
};

struct type {
	uint16_t kind;			/* 0: an integer */
	uint16_t info;			/* bit 0: signed; the rest: log2 of the bits */
	char name[];
};

#define REPORTED	0xffffffffu

static const char *const checks[] = {
	"load of", "store to", "reference to", "member access of", "member call of", "constructor call of", "downcast of", "downcast of",
	"upcast of", "cast to virtual base of",
};

static bool is_signed(const struct type *t)
{
	return t->info & 1;
}

/* Values of up to 64 bits are the word itself, extended; larger ones lie at it. */
static long long value_of(const struct type *t, uint64_t word)
{
	unsigned int bits = 1u << (t->info >> 1);

	if (bits > 64)
		return *(const long long *)word;
	if (!is_signed(t) || bits == 64)
		return (long long)word;
	return (long long)(word << (64 - bits)) >> (64 - bits);
}

static bool is_negative(const struct type *t, uint64_t word)
{
	return is_signed(t) && value_of(t, word) < 0;
}

static void say(struct place *place, uint64_t rip, uint64_t rbp, const char *fmt, ...) __printf(4, 5);

static void say(struct place *place, uint64_t rip, uint64_t rbp, const char *fmt, ...)
{
	uint32_t line = place->line;
	struct report r;
	char text[160];
	va_list args;

	/* Writing the place needs no lock: who comes second finds it reported, or reports it once more. */
	if (report_under_way() || __atomic_exchange_n(&place->column, REPORTED, __ATOMIC_RELAXED) == REPORTED)
		return;
	va_start(args, fmt);
	format_args(text, sizeof(text), fmt, args);
	va_end(args);
	if (!report_begin(&r, (uint64_t)place, "%s:%u: undefined: %s", place->file, line, text))
		return;
	backtrace_print(rip, rbp);
	report_end(&r);
}

struct overflow {
	struct place place;
	const struct type *type;
};

#define OVERFLOW(id, sign)									\
	void __ubsan_handle_##id(struct overflow *o, uint64_t a, uint64_t b);			\
	void __ubsan_handle_##id(struct overflow *o, uint64_t a, uint64_t b)			\
	{											\
		say(&o->place, CALLER_RIP, CALLER_RBP, "%lld " sign " %lld overflows %s",	\
		    value_of(o->type, a), value_of(o->type, b), o->type->name);			\
	}

OVERFLOW(add_overflow, "+")
OVERFLOW(sub_overflow, "-")
OVERFLOW(mul_overflow, "*")
OVERFLOW(divrem_overflow, "/")

void __ubsan_handle_negate_overflow(struct overflow *o, uint64_t a);

void __ubsan_handle_negate_overflow(struct overflow *o, uint64_t a)
{
	say(&o->place, CALLER_RIP, CALLER_RBP, "-(%lld) overflows %s", value_of(o->type, a), o->type->name);
}

struct shift {
	struct place place;
	const struct type *left, *right;
};

void __ubsan_handle_shift_out_of_bounds(struct shift *s, uint64_t a, uint64_t b);

void __ubsan_handle_shift_out_of_bounds(struct shift *s, uint64_t a, uint64_t b)
{
	if (is_negative(s->right, b) || (uint64_t)value_of(s->right, b) >= 1u << (s->left->info >> 1))
		say(&s->place, CALLER_RIP, CALLER_RBP, "shift of a %s by %lld bits", s->left->name, value_of(s->right, b));
	else
		say(&s->place, CALLER_RIP, CALLER_RBP, "left shift of %lld by %lld in a %s", value_of(s->left, a), value_of(s->right, b),
		    s->left->name);
}

struct bounds {
	struct place place;
	const struct type *array, *index;
};

void __ubsan_handle_out_of_bounds(struct bounds *b, uint64_t index);

void __ubsan_handle_out_of_bounds(struct bounds *b, uint64_t index)
{
	say(&b->place, CALLER_RIP, CALLER_RBP, "index %lld of %s", value_of(b->index, index), b->array->name);
}

struct mismatch {
	struct place place;
	const struct type *type;
	uint8_t log_alignment, check;
};

void __ubsan_handle_type_mismatch_v1(struct mismatch *m, uint64_t p);

void __ubsan_handle_type_mismatch_v1(struct mismatch *m, uint64_t p)
{
	const char *what = m->check < ARRAY_SIZE(checks) ? checks[m->check] : "use of";

	if (!p)
		say(&m->place, CALLER_RIP, CALLER_RBP, "%s a null pointer to %s", what, m->type->name);
	else if (p & ((1ull << m->log_alignment) - 1))
		say(&m->place, CALLER_RIP, CALLER_RBP, "%s %px, which is not aligned for %s", what, (void *)p, m->type->name);
	else
		say(&m->place, CALLER_RIP, CALLER_RBP, "%s %px, with no room for %s", what, (void *)p, m->type->name);
}

struct load {
	struct place place;
	const struct type *type;
};

void __ubsan_handle_load_invalid_value(struct load *l, uint64_t value);

void __ubsan_handle_load_invalid_value(struct load *l, uint64_t value)
{
	say(&l->place, CALLER_RIP, CALLER_RBP, "%llu is no %s: was it ever set?", (unsigned long long)value, l->type->name);
}

struct only_place {
	struct place place;
};

#define ONLY_PLACE(id, text)							\
	void __ubsan_handle_##id(struct only_place *o);			\
	void __ubsan_handle_##id(struct only_place *o)			\
	{									\
		say(&o->place, CALLER_RIP, CALLER_RBP, text);			\
	}

ONLY_PLACE(nonnull_arg, "a null pointer for an argument that must not be one")

void __ubsan_handle_nonnull_return_v1(void *data, struct place *place);

void __ubsan_handle_nonnull_return_v1(void *data, struct place *place)
{
	say(place, CALLER_RIP, CALLER_RBP, "a null pointer is returned where none may be");
}

struct vla {
	struct place place;
	const struct type *type;
};

void __ubsan_handle_vla_bound_not_positive(struct vla *v, uint64_t bound);

void __ubsan_handle_vla_bound_not_positive(struct vla *v, uint64_t bound)
{
	say(&v->place, CALLER_RIP, CALLER_RBP, "an array of %lld elements", value_of(v->type, bound));
}

void __ubsan_handle_pointer_overflow(struct only_place *o, uint64_t base, uint64_t result);

void __ubsan_handle_pointer_overflow(struct only_place *o, uint64_t base, uint64_t result)
{
	say(&o->place, CALLER_RIP, CALLER_RBP, "pointer %px moved to %px", (void *)base, (void *)result);
}

/* The compiler lets nothing follow these two. */
void __ubsan_handle_builtin_unreachable(struct only_place *o) __noreturn;
void __ubsan_handle_missing_return(struct only_place *o) __noreturn;

void __ubsan_handle_builtin_unreachable(struct only_place *o)
{
	panic("%s:%u: a place that cannot be reached was", o->place.file, o->place.line);
}

void __ubsan_handle_missing_return(struct only_place *o)
{
	panic("%s:%u: a function ends without its value", o->place.file, o->place.line);
}

struct builtin {
	struct place place;
	uint8_t kind;
};

void __ubsan_handle_invalid_builtin(struct builtin *b);

void __ubsan_handle_invalid_builtin(struct builtin *b)
{
	say(&b->place, CALLER_RIP, CALLER_RBP, "counting the zeros of 0");
}
