// SPDX-License-Identifier: GPL-2.0
/*
 * execve and the first program of a spawned process: find the file (through #! lines), check it, build the new space with program,
 * interpreter and stack, and only then replace the old one. Nothing of the caller changes before exec_commit(). Locks: none of its own.
 */
#include <kernel/keys.h>
#include <kernel/log.h>
#include <kernel/ptrace.h>
#include <kernel/syscall.h>
#include <kernel/time_ns.h>
#include <fs/file.h>
#include <fs/internal.h>
#include <fs/landlock.h>
#include <fs/notify.h>
#include <fs/vfs.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <mm/user.h>
#include <lib/format.h>
#include <asm/thread.h>
#include <asm/vdso.h>
#include "exec.h"
#include "process_internal.h"
#include "signal_queue.h"

#define SCRIPT_DEPTH_MAX	5
#define PIE_BASE		0x555555554000ull
#define PIE_RANDOM_PAGES	0xfffffffull		/* 1 TiB */
#define STACK_RANDOM_PAGES	0x3fffffull		/* 16 GiB */
#define MMAP_RANDOM_PAGES	0xfffffffull
#define BRK_RANDOM_PAGES	0x1fffull		/* 32 MiB */
#define STACK_GAP_MIN		(128ull << 20)
#define STACK_GAP_MAX		(64ull << 30)
#define DRIVER_STACK_LIMIT	(8ull << 20)

static uint64_t random_pages(const struct exec_image *image, uint64_t mask)
{
	uint64_t value;

	if (image->personality & LINUX_ADDR_NO_RANDOMIZE)
		return 0;
	random_bytes(&value, sizeof(value));
	return (value & mask) * PAGE_SIZE;
}

static int program_allowed(const struct inode *inode, bool forbidden)
{
	if (!inode || (inode->mode & LINUX_S_IFMT) != LINUX_S_IFREG || forbidden)
		return -EACCES;
	return current->process ? inode_permission(inode, MAY_EXEC) : 0;
}

/* Open what lies at @at and give @at back. Only the right to run it is asked for: a program need not be readable. ERR_PTR. */
static struct file *program_open_at(struct path *at)
{
	int err = program_allowed(at->dentry->inode, at->mount && (at->mount->flags & LINUX_MS_NOEXEC));
	struct file *file;

	if (!err)
		err = landlock_execute(at);
	if (!err && inode_is_written(at->dentry->inode))
		err = -ETXTBSY;
	file = err ? ERR_PTR(err) : file_open_program(at);
	path_put(at);
	return file;
}

static struct file *program_open(const char *text)
{
	struct path at;
	int err = path_lookup(NULL, text, WALK_FOLLOW, &at);

	return err ? ERR_PTR(err) : program_open_at(&at);
}

/* The first bytes, which whoever watches is asked for and told of; the rest of what is read of a program is not. */
static ssize_t program_read(struct file *file, char *head)
{
	ssize_t n = notify_ask_read(file);

	if (!n)
		n = file_read_kernel(file, head, EXEC_HEAD_SIZE, 0);
	if (n > 0)
		notify_file(file, LINUX_FAN_ACCESS);
	return n;
}

/* Follow #! lines from *file to the program itself; *file is replaced, its first bytes are in @head (one byte longer). */
static int scripts_follow(struct file **file, const char *path, struct exec_args *args, char *head, size_t *head_size, char *program)
{
	str_copy(program, path, EXEC_PATH_MAX);
	for (unsigned int depth = 0; depth <= SCRIPT_DEPTH_MAX; depth++) {
		ssize_t n = program_read(*file, head);
		struct file *next;
		char *interp, *option;
		int err;

		if (n < 0)
			return n;
		*head_size = n;
		if (n < 2 || head[0] != '#' || head[1] != '!')
			return 0;
		err = script_parse(head, n, EXEC_HEAD_SIZE, &interp, &option);
		if (!err)
			err = exec_args_script(args, interp, option, program);
		if (err)
			return err;
		str_copy(program, interp, EXEC_PATH_MAX);
		next = program_open(program);
		if (IS_ERR(next))
			return PTR_ERR(next);
		file_put(*file);
		*file = next;
	}
	return -ELOOP;
}

/* Nobody reads by execve, and then in the memory, what is not theirs to read. */
static void file_note(struct exec_image *image, const struct file *file)
{
	if (current->process && inode_permission(file->inode, MAY_READ))
		image->unreadable = true;
}

/* Map the interpreter that the program names, below image->space's mmap_base. */
static int interp_load(struct exec_image *image, struct file *program)
{
	char path[ELF_INTERP_MAX + 1] = "";
	struct space *s = image->space;
	struct elf_header h;
	struct elf_plan plan;
	struct file *file;
	uint64_t base;
	int err = 0;

	if (file_read_kernel(program, path, image->plan.interp_size, image->plan.interp_offset) != (ssize_t)image->plan.interp_size ||
	    path[image->plan.interp_size - 1])
		return -ENOEXEC;
	file = program_open(path);
	if (IS_ERR(file))
		return PTR_ERR(file);
	file_note(image, file);
	if (file_read_kernel(file, &h, sizeof(h), 0) != sizeof(h))
		err = -ENOEXEC;
	if (!err)
		err = elf_read_plan(file, &h, image->resident, &plan);
	if (!err && (!plan.relocatable || plan.high - plan.low > s->mmap_base / 2))
		err = -ENOEXEC;
	if (!err) {
		base = ALIGN_DOWN(s->mmap_base - (plan.high - plan.low), plan.align) - ALIGN_DOWN(plan.low, plan.align);
		err = elf_map(s, file, &plan, base, image->resident);
		image->interp_base = base;
		image->entry = base + plan.entry;
	}
	file_put(file);
	return err;
}

static uint64_t code_place(const struct exec_image *image)
{
	uint64_t place = image->code_place ? READ_ONCE(*image->code_place) : 0;

	if (!place)
		place = random_pages(image, PIE_RANDOM_PAGES);
	if (image->code_place)
		WRITE_ONCE(*image->code_place, place);
	return place;
}

/* Where things go in the new space: stack on top, maps below it, a relocatable program in the middle, the heap behind it. */
static int layout_choose(struct exec_image *image)
{
	const struct elf_plan *plan = &image->plan;
	uint64_t gap = MIN(MAX(image->stack_limit, STACK_GAP_MIN), STACK_GAP_MAX);

	image->stack_top = USER_END - PAGE_SIZE - random_pages(image, STACK_RANDOM_PAGES);
	image->space->mmap_base = ALIGN_DOWN(image->stack_top - gap - random_pages(image, MMAP_RANDOM_PAGES), PAGE_SIZE);
	if (plan->relocatable)
		image->base = ALIGN_UP(PIE_BASE + code_place(image), plan->align) - ALIGN_DOWN(plan->low, plan->align);
	if (plan->high - plan->low > image->space->mmap_base || image->base + plan->high > image->space->mmap_base)
		return -ENOEXEC;
	image->space->brk_start = image->base + plan->high + random_pages(image, BRK_RANDOM_PAGES);
	image->space->brk_end = image->space->brk_start;
	return 0;
}

/* Build image->space for @p from @file; on failure the caller puts the space. */
static int image_load(struct exec_image *image, struct process *p, struct file *file, const char *head, size_t head_size,
		      const struct exec_args *args)
{
	struct elf_header h;
	int err = -ENOEXEC;

	if (head_size < sizeof(h))
		return err;
	memcpy(&h, head, sizeof(h));
	err = elf_read_plan(file, &h, image->resident, &image->plan);
	if (err)
		return err;
	image->space = space_create();
	if (!image->space)
		return -ENOMEM;
	image->space->resident = image->resident;
	file_note(image, file);
	err = exec_identity_choose(image, p, file);
	if (!err)
		err = layout_choose(image);
	image->entry = image->base + image->plan.entry;
	if (!err)
		err = elf_map(image->space, file, &image->plan, image->base, image->resident);
	if (!err && image->plan.interp_size)
		err = interp_load(image, file);
	if (!err && !image->resident)
		image->vdso = vdso_map(image->space, time_ns_page(p));
	return err ? err : exec_stack_build(image, args);
}

/* What the program is really called: /proc/<pid>/exe must not lead back to itself when that is what was executed. */
static void program_resolve(const struct file *file, char *program)
{
	const struct path at = { file->mount, file->dentry };
	char *buffer = at.dentry ? kzalloc(EXEC_PATH_MAX) : NULL;
	char *text = buffer ? path_text(&at, buffer, EXEC_PATH_MAX) : NULL;

	if (text && !IS_ERR(text))
		str_copy(program, text, EXEC_PATH_MAX);
	kfree(buffer);
}

/* Make the text of @program (EXEC_PATH_MAX bytes) one that starts at the root, for /proc. What cannot be told stays as it is. */
static void program_absolute(char *program)
{
	char *buffer = program[0] == '/' || !current->process ? NULL : kzalloc(2 * EXEC_PATH_MAX), *cwd;
	struct path at;

	if (!buffer)
		return;
	fs_get_cwd(&at);
	cwd = path_text(&at, buffer, EXEC_PATH_MAX);
	path_put(&at);
	if (!IS_ERR(cwd)) {
		format_text(buffer + EXEC_PATH_MAX, EXEC_PATH_MAX, "%s/%s", cwd[1] ? cwd : "", program);
		str_copy(program, buffer + EXEC_PATH_MAX, EXEC_PATH_MAX);
	}
	kfree(buffer);
}

/* Find and load what @path means for @p. @program (EXEC_PATH_MAX bytes) gets the path of the binary. */
static int exec_prepare(struct exec_image *image, struct process *p, struct file *file, struct exec_args *args, char *program)
{
	char head[EXEC_HEAD_SIZE + 1];
	size_t head_size = 0;
	int err;

	file_get(file);
	image->stack_limit = image->resident ? DRIVER_STACK_LIMIT : p->rlimits[LINUX_RLIMIT_STACK].cur;
	err = scripts_follow(&file, image->path, args, head, &head_size, program);
	if (!err) {
		program_resolve(file, program);
		err = image_load(image, p, file, head, head_size, args);
	}
	/* A driver is resident: what is written to its file does not reach it. */
	if (!err && !image->resident) {
		err = file_run(file);
		image->space->program = err ? NULL : file;
	}
	file_put(file);
	if (!err)
		program_absolute(program);
	if (err && image->space) {
		space_put(image->space);
		image->space = NULL;
	}
	return err;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Write down what the process is now. */
static void image_describe(struct process *p, const struct exec_image *image, const char *program)
{
	uint64_t flags = spin_lock_irq(&p->lock);

	str_copy(p->name, base_name(image->path), 16);
	str_copy(p->exe, program, sizeof(p->exe));
	p->arg_start = image->arg_start;
	p->arg_end = image->arg_end;
	p->env_start = image->env_start;
	p->env_end = image->env_end;
	memcpy(p->auxv, image->auxv, sizeof(p->auxv));
	p->membarriers = 0;
	spin_unlock_irq(&p->lock, flags);
}

/* A table that vfork or clone shares must not lose its close-on-exec files for the other one. No thread but this uses it. */
static int files_unshare(struct process *p)
{
	struct fd_table *copy, *old = p->files;
	uint64_t flags;

	if (!fd_table_is_shared(old))
		return 0;
	copy = fd_table_copy(old);
	if (!copy) {
		signal_force(LINUX_SIGSEGV);	/* its threads are gone: there is no way back */
		return -ENOMEM;
	}
	flags = spin_lock_irq(&p->lock);
	p->files = copy;
	spin_unlock_irq(&p->lock, flags);
	fd_table_put(old);
	return 0;
}

/* The point of no return: the current process becomes the new program. */
static void exec_commit(struct exec_image *image, const char *program, struct regs *regs)
{
	struct thread *t = current;
	struct process *p = t->process;

	futex_thread_exit(t);
	t->clear_child_tid = 0;
	t->rseq = 0;
	posix_timers_free(p);
	signal_forget_timers(p);
	uring_process_ends();
	exec_identity_take(p, image);
	process_space_replace(p, image->space);
	process_release_vfork(p);
	keys_exec();
	fd_table_close_on_exec(p->files);
	signal_reset_actions(p);
	memset(&t->altstack, 0, sizeof(t->altstack));
	t->restart = NULL;
	t->dispatch = (struct user_dispatch){ 0 };
	image_describe(p, image, program);
	str_copy(t->name, p->name, sizeof(t->name));
	arch_thread_reset(t);
	regs_init_user(regs, image->entry, image->sp);
}

/* The thread that called exec is the process's only one and takes its number. */
static void thread_take_pid(struct thread *t)
{
	if (t->tid == t->process->pid)
		return;
	pid_free(t->tid);
	pid_hold(t->process->pid);
	t->tid = t->process->pid;
	t->own_tid = t->process->own_pid;
}

/* Linux finds out when the old program is no more: who asked for too large a program dies of it. */
static int limit_check(const struct process *p, const struct exec_image *image)
{
	if (image->resident || space_size(image->space) <= p->rlimits[LINUX_RLIMIT_AS].cur)
		return 0;
	signal_force(LINUX_SIGSEGV);
	return -ENOMEM;
}

/* @file may be the error of opening it: what is wrong with the strings is told first, as on Linux. */
static int exec_file(struct file *file, const char *path, uint64_t argv, uint64_t envp, struct regs *regs)
{
	struct process *p = current_process;
	struct exec_image image = { .path = path };
	struct exec_args args;
	char *program = kzalloc(EXEC_PATH_MAX);
	pid_t old_tid;
	int err = program ? exec_args_init(&args) : -ENOMEM;

	if (err)
		goto free_program;
	err = exec_args_from_user(&args, argv, envp);
	if (!err && IS_ERR(file))
		err = (int)PTR_ERR(file);
	if (!err)
		err = exec_prepare(&image, p, file, &args, program);
	if (err)
		goto free_args;
	err = limit_check(p, &image);
	if (!err)
		err = process_single_thread();
	if (!err)
		err = files_unshare(p);
	if (err) {
		space_put(image.space);
		goto free_args;
	}
	old_tid = current->tid;
	thread_take_pid(current);
	ptrace_exec_first();
	exec_commit(&image, program, regs);
	ptrace_exec(old_tid);
free_args:
	exec_args_free(&args);
free_program:
	kfree(program);
	return err;
}

SYSCALL(NR_execve, execve)
{
	char *path = path_from_user(args->a[0], false);
	struct file *file;
	int err;

	if (IS_ERR(path))
		return PTR_ERR(path);
	file = program_open(path);
	err = exec_file(file, path, args->a[1], args->a[2], syscall_regs(args));
	if (!IS_ERR(file))
		file_put(file);
	kfree(path);
	return err;
}

static struct file *program_of_fd(int fd)
{
	struct file *file = fd_get_to_read(fd);
	int err = file ? program_allowed(file->inode, file_forbids_exec(file)) : -EBADF;

	if (!err)
		err = landlock_execute(&(struct path){ file->mount, file->dentry });
	if (file && err)
		file_put(file);
	return err ? ERR_PTR(err) : file;
}

/* The file that execveat names: by path, or an open one. */
static struct file *execveat_open(int fd, const char *path, uint32_t flags)
{
	struct path start, at;
	int err;

	if (!*path)
		return flags & LINUX_EXECVEAT_EMPTY_PATH ? program_of_fd(fd) : ERR_PTR(-ENOENT);
	err = path_start(fd, path, 0, &start);
	if (err)
		return ERR_PTR(err);
	err = path_lookup(&start, path, flags & LINUX_EXECVEAT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW, &at);
	path_put(&start);
	if (!err && LINUX_S_ISLNK(at.dentry->inode->mode)) {
		path_put(&at);
		err = -ELOOP;
	}
	return err ? ERR_PTR(err) : program_open_at(&at);
}

static bool is_script(struct file *file)
{
	char head[2];

	return file_read_kernel(file, head, sizeof(head), 0) == sizeof(head) && head[0] == '#' && head[1] == '!';
}

/*
 * Execute @path of the directory @fd, or the file @fd itself. The name for scripts goes by the descriptor; an interpreter would not find a script
 * whose descriptor is closed by then.
 */
static int exec_of_fd(struct file *file, int fd, const char *path, const uint64_t *strings, struct regs *regs)
{
	char *name = kzalloc(EXEC_PATH_MAX);
	int err;

	if (!name)
		return -ENOMEM;
	format_text(name, EXEC_PATH_MAX, "/dev/fd/%d%s%s", fd, *path ? "/" : "", path);
	if (!IS_ERR(file) && fd_get_cloexec(current_process->files, fd) > 0 && is_script(file))
		err = -ENOENT;
	else
		err = exec_file(file, name, strings[0], strings[1], regs);
	kfree(name);
	return err;
}

SYSCALL(NR_execveat, execveat)
{
	uint32_t known = LINUX_EXECVEAT_EMPTY_PATH | LINUX_EXECVEAT_SYMLINK_NOFOLLOW;
	char *path = path_from_user(args->a[1], args->a[4] & LINUX_EXECVEAT_EMPTY_PATH);
	struct file *file;
	int err;

	if (IS_ERR(path))
		return PTR_ERR(path);
	file = (uint32_t)args->a[4] & ~known ? ERR_PTR(-EINVAL) : execveat_open(args->a[0], path, args->a[4]);
	if (*path == '/' || (int)args->a[0] == LINUX_AT_FDCWD)
		err = exec_file(file, path, args->a[2], args->a[3], syscall_regs(args));
	else
		err = exec_of_fd(file, args->a[0], path, &args->a[2], syscall_regs(args));
	if (!IS_ERR(file))
		file_put(file);
	kfree(path);
	return err;
}

/* Number, files and root of a spawned process. */
static int spawn_parts(struct process *p, const struct process_spawn_args *args)
{
	struct process *from = current->process;

	p->pid = init_process ? pid_alloc() : 1;
	if (!init_process && pid_claim(1))
		p->pid = -EAGAIN;
	if (p->pid < 0) {
		int err = p->pid;

		p->pid = 0;
		return err;
	}
	p->own_pid = p->pid;
	p->syscalls = args->syscalls;
	if (args->syscalls != SYSCALLS_DRIVER)
		p->cred.privileges.bounding = PRIVILEGES_ALL;
	p->files = fd_table_create();
	p->fs = args->inherit_fs && from ? fs_context_copy(from->fs) : fs_context_create();
	return p->files && p->fs ? 0 : -ENOMEM;
}

static int spawn_image(struct process *p, const struct process_spawn_args *args, struct regs *regs)
{
	struct exec_image image = { .path = args->path, .resident = args->resident, .code_place = args->code_place };
	struct file *file = program_open(args->path);
	char *program = kzalloc(EXEC_PATH_MAX);
	struct exec_args strings;
	int err = IS_ERR(file) ? (int)PTR_ERR(file) : 0;

	if (!err && !program)
		err = -ENOMEM;
	if (!err)
		err = exec_args_init(&strings);
	if (err)
		goto out;
	err = exec_args_from_kernel(&strings, args->argv, args->envp);
	if (!err)
		err = exec_prepare(&image, p, file, &strings, program);
	exec_args_free(&strings);
	if (!err) {
		p->space = image.space;
		exec_identity_take(p, &image);
		image_describe(p, &image, program);
		memset(regs, 0, sizeof(*regs));
		regs_init_user(regs, image.entry, image.sp);
	}
out:
	kfree(program);
	if (!IS_ERR(file))
		file_put(file);
	return err;
}

struct process *exec_spawn(const struct process_spawn_args *args)
{
	struct process *p = process_alloc();
	struct regs regs;
	struct thread *t;
	int err;

	if (!p)
		return ERR_PTR(-ENOMEM);
	err = spawn_parts(p, args);
	if (!err)
		err = spawn_image(p, args, &regs);
	if (err) {
		process_discard(p);
		return ERR_PTR(err);
	}
	pid_hold(p->pid);
	t = process_thread_create(p, p->pid, &regs);
	if (IS_ERR(t)) {
		pid_free(p->pid);
		process_discard(p);
		return ERR_PTR(PTR_ERR(t));
	}
	process_link(p, init_process, p->pid, p->pid);
	if (!init_process)
		init_process = p;
	return p;
}
