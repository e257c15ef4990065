/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of execve: the argument strings while no space has them (exec_args.c), the images mapped into a new space (elf_load.c), the
 * first stack (exec_stack.c), and the whole (exec.c). The new space is built beside the old one, so every error before the last step
 * leaves the caller as it was.
 */
#ifndef KERNEL_EXEC_H
#define KERNEL_EXEC_H

#include <kernel/elf.h>
#include <kernel/process.h>

struct file;

#define EXEC_PATH_MAX	4096
#define EXEC_HEAD_SIZE	256	/* bytes of a file that decide what it is */
#define EXEC_PREFIX_MAX	12	/* strings that #! lines put before the arguments */
#define EXEC_PAGES_MAX	512	/* 2 MiB of strings */

/* Argument and environment strings, one after the other with their terminators, arguments first. */
struct exec_args {
	char **pages;
	size_t used, env_offset;	/* bytes; where the environment begins */
	unsigned int argc, envc;
	char *prefix[EXEC_PREFIX_MAX];	/* before the arguments; owned */
	unsigned int nr_prefix;
	bool skip_first;		/* argv[0] gave way to the prefix */
};

struct exec_image {
	struct space *space;
	const char *path;		/* as the program is told (AT_EXECFN) */
	struct elf_plan plan;		/* of the program; addresses as mapped */
	uint64_t base;			/* added to the plan's addresses */
	uint64_t vdso;			/* 0: none */
	uint64_t interp_base;		/* 0: no interpreter */
	uint64_t entry;			/* where to start: the interpreter's, if any */
	uint64_t stack_top, stack_limit, sp;
	uint64_t auxv[48];
	uint64_t arg_start, arg_end, env_start, env_end;
	struct credentials cred, bound_cred;	/* who the program is, and who it is if it turns out that it must not gain anything */
	bool secure, resident, was_bound, unreadable;	/* unreadable: for who starts it */
	uint32_t personality;
	uint64_t *code_place;		/* as in process_spawn_args */
};

int exec_args_init(struct exec_args *args);
void exec_args_free(struct exec_args *args);
/* From user arrays of pointers (0: empty) and from kernel arrays (NULL: empty). 0, -E2BIG, -EFAULT, -ENOMEM. */
int exec_args_from_user(struct exec_args *args, uint64_t argv, uint64_t envp);
int exec_args_from_kernel(struct exec_args *args, const char *const *argv, const char *const *envp);
/* A #! line: @interp and @option (NULL: none) go before the rest, @path replaces argv[0]. */
int exec_args_script(struct exec_args *args, const char *interp, const char *option, const char *path);

/* Map @file at @base into @space. elf_read_plan reads and checks its headers. */
int elf_read_plan(struct file *file, const struct elf_header *h, bool strict, struct elf_plan *plan);
int elf_map(struct space *s, struct file *file, const struct elf_plan *plan, uint64_t base, bool resident);

/* Map the stack at image->stack_top and fill it; sets image->sp and the ranges. */
int exec_stack_build(struct exec_image *image, const struct exec_args *args);

/* exec_identity.c: who the program of @file is, in @image; 0, -EPERM, -EINVAL. From now on @p is that. */
int exec_identity_choose(struct exec_image *image, const struct process *p, const struct file *file);
void exec_identity_take(struct process *p, struct exec_image *image);

#endif
