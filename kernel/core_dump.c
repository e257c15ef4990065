// SPDX-License-Identifier: GPL-2.0
/*
 * Core files (ELF-64 object format, type ET_CORE; the notes as Linux's linux/elfcore.h has them on x86-64): one PT_NOTE and a PT_LOAD for
 * each area. The thread that ends the process comes first in the notes; the others, which wait meanwhile, follow, each with its floating
 * point state. A thread that does not come to wait (it sleeps in the kernel and no signal ends that) is left out.
 */
#include <fs/node.h>
#include <fs/vfs.h>
#include <kernel/core_dump.h>
#include <kernel/elf.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/pid_ns.h>
#include <kernel/process.h>
#include <asm/debug.h>
#include <lib/format.h>
#include <mm/slab.h>
#include <mm/space.h>
#include <uapi/ferry/linux.h>
#include <uapi/ferry/linux_fs.h>
#include <uapi/ferry/linux_ptrace.h>
#include "process_internal.h"

#define ELF_TYPE_CORE	4
#define ELF_PT_NOTE	4u
#define NT_PRSTATUS	1u
#define NT_FPREGSET	2u
#define NT_PRPSINFO	3u
#define NT_AUXV		6u	/* tells a debugger where a program without a fixed place lies */
#define NT_X86_XSTATE	0x202u
#define NT_SIGINFO	0x53494749u
#define NT_FILE		0x46494c45u
#define FXSAVE_BYTES	512u
#define NOTES_MAX	(3ul << 20)	/* some 1,700 threads */
#define PARK_NS		NSEC_PER_SEC
#define AREAS_MAX	65533u		/* what a header can count, without the notes; a process may have fewer at first */
#define SEGMENTS_AT_ONCE	64u
#define OBJECT_MAX	(64u << 10)	/* of rings and DMA memory: bigger ones are data, not state */
#define PATTERN_MAX	128

struct prstatus {
	int32_t signo, code, error;
	int16_t cursig;
	uint64_t pending, held;
	int32_t pid, ppid, pgrp, sid;
	uint64_t times[8];
	struct linux_user_regs regs;
	int32_t has_fpu;
};

struct prpsinfo {
	char state, sname, zombie, nice;
	uint64_t flags;
	uint32_t uid, gid;
	int32_t pid, ppid, pgrp, sid;
	char name[16], args[80];
};

_Static_assert(sizeof(struct prstatus) == 336 && offsetof(struct prstatus, regs) == 112, "NT_PRSTATUS");
_Static_assert(sizeof(struct prpsinfo) == 136 && offsetof(struct prpsinfo, name) == 40, "NT_PRPSINFO");

struct note_head {
	uint32_t name_size, desc_size, type;
	char name[8];		/* "CORE" or "LINUX" */
};

struct area {
	uint64_t start, end;
	uint32_t flags;		/* VM_* */
	uint64_t bytes;		/* in the file */
};

struct core {
	struct file *file;
	uint64_t limit, at;
	unsigned int nr;
	struct area *areas;
	struct elf_segment segments[SEGMENTS_AT_ONCE];
	unsigned int nr_segments;	/* of them are not written yet */
	char page[PAGE_SIZE];
	char *notes;
	size_t notes_size, notes_room;
	void *files;		/* the description of NT_FILE; NULL: no memory */
	size_t files_size;
};

static char pattern[PATTERN_MAX] = "core";

/* ---- Notes ---- */

/* Room for the description of a note; its size is a multiple of four. NULL: there is no more. */
static void *note_add(struct core *c, uint32_t type, const char *owner, size_t size)
{
	struct note_head *h = (struct note_head *)(c->notes + c->notes_size);

	if (c->notes_size + sizeof(*h) + size > c->notes_room)
		return NULL;
	*h = (struct note_head){ .name_size = (uint32_t)strlen(owner) + 1, .desc_size = (uint32_t)size, .type = type };
	memcpy(h->name, owner, strlen(owner) + 1);
	c->notes_size += sizeof(*h) + size;
	return h + 1;
}

static void status_note(struct core *c, const struct thread *t, int sig)
{
	const struct process *p = t->process;
	struct prstatus status = { .signo = sig, .cursig = (int16_t)sig, .pending = t->pending, .held = t->blocked, .pid = t->own_tid,
				   .ppid = p->parent_pid, .pgrp = pid_told(p->pgid), .sid = pid_told(p->sid), .has_fpu = 1 };
	void *to = note_add(c, NT_PRSTATUS, "CORE", sizeof(status));

	arch_user_regs_get(t, &status.regs);
	if (to)
		memcpy(to, &status, sizeof(status));
}

static void fpu_notes(struct core *c, const struct thread *t)
{
	void *legacy = note_add(c, NT_FPREGSET, "CORE", FXSAVE_BYTES);
	uint32_t size = arch_fpu_frame_size();
	void *all = size > FXSAVE_BYTES ? note_add(c, NT_X86_XSTATE, "LINUX", size) : NULL;

	if (legacy)
		memcpy(legacy, t->arch.fpu, FXSAVE_BYTES);
	if (all)
		arch_fpu_get(t, all, size);
}

static void process_notes(struct core *c, const struct process *p, const struct linux_siginfo *info)
{
	struct prpsinfo ps = { .sname = 'R', .uid = p->cred.uid, .gid = p->cred.gid, .pid = p->own_pid, .ppid = p->parent_pid,
			       .pgrp = pid_told(p->pgid), .sid = pid_told(p->sid) };
	void *to = note_add(c, NT_PRPSINFO, "CORE", sizeof(ps));

	str_copy(ps.name, p->name, sizeof(ps.name));
	str_copy(ps.args, p->exe, sizeof(ps.args));
	if (to)
		memcpy(to, &ps, sizeof(ps));
	to = info ? note_add(c, NT_SIGINFO, "CORE", sizeof(*info)) : NULL;
	if (to)
		memcpy(to, info, sizeof(*info));
	to = note_add(c, NT_AUXV, "CORE", sizeof(p->auxv));
	if (to)
		memcpy(to, p->auxv, sizeof(p->auxv));
	to = c->files ? note_add(c, NT_FILE, "CORE", c->files_size) : NULL;
	if (to)
		memcpy(to, c->files, c->files_size);
}

/* The threads that wait cannot leave while the list is locked. */
static int notes_fill(struct core *c, int sig, const struct linux_siginfo *info)
{
	struct process *p = current_process;
	size_t each = 3 * sizeof(struct note_head) + sizeof(struct prstatus) + FXSAVE_BYTES + arch_fpu_frame_size();
	struct thread *t;
	uint64_t flags;

	c->notes_room = 4 * sizeof(struct note_head) + sizeof(struct prpsinfo) + sizeof(*info) + sizeof(p->auxv) + c->files_size +
			MIN((1ul + READ_ONCE(p->nr_threads)) * each, NOTES_MAX);	/* a driver's last thread has left when it is asked */
	c->notes = kzalloc(c->notes_room);
	if (!c->notes)
		return -ENOMEM;
	arch_trace_stop(current);
	status_note(c, current, sig);
	process_notes(c, p, info);
	fpu_notes(c, current);
	flags = spin_lock_irq(&p->lock);
	list_for_each(t, &p->threads, process_link) {
		if (t == current || !t->parked || c->notes_size + each > c->notes_room)
			continue;
		status_note(c, t, sig);
		fpu_notes(c, t);
	}
	spin_unlock_irq(&p->lock, flags);
	return 0;
}

/* ---- Memory ---- */

/* Of a program's file the first page alone says which it is; a debugger has the rest. */
static bool is_header(const struct vma *vma, uint32_t filter)
{
	return filter & CORE_ELF_HEADERS && vma->file && !vma->offset && vma->flags & VM_READ && vma->file->inode && vma->file->inode->mode & 0111;
}

/* core(5), "Controlling which mappings are written": how much of the area. */
static uint64_t area_bytes(const struct vma *vma, uint32_t filter)
{
	uint64_t all = vma->end - vma->start;
	const struct inode *inode = vma->file ? vma->file->inode : NULL;

	if (vma->flags & (VM_IO | VM_DONT_DUMP))
		return 0;
	if (vma->flags & VM_OBJECT)
		return all <= OBJECT_MAX ? all : 0;
	if (vma->flags & VM_SHARED)
		return filter & (inode && inode->nlink ? CORE_FILE_SHARED : CORE_ANON_SHARED) ? all : 0;
	if (vma->anon && filter & CORE_ANON_PRIVATE)
		return all;
	if (vma->file && filter & CORE_FILE_PRIVATE)
		return all;
	return is_header(vma, filter) ? PAGE_SIZE : 0;
}

/* Of a driver everything, for nobody else has what it was linked from. */
static int areas_collect(struct core *c, struct space *s)
{
	uint32_t filter = s->resident ? CORE_EVERYTHING : READ_ONCE(current_process->core_filter);
	unsigned int most = (unsigned int)MIN(READ_ONCE(s->nr_areas), (uint64_t)AREAS_MAX);	/* the program does not run meanwhile */
	const struct vma *vma;

	c->areas = kcalloc(MAX(most, 1u), sizeof(c->areas[0]));
	if (!c->areas)
		return -ENOMEM;
	mutex_lock(&s->lock);
	list_for_each(vma, &s->areas, link) {
		if (c->nr == most)
			break;
		c->areas[c->nr++] = (struct area){
			.start = vma->start, .end = vma->end, .flags = vma->flags, .bytes = area_bytes(vma, filter),
		};
	}
	mutex_unlock(&s->lock);
	return 0;
}

static uint32_t segment_flags(uint32_t vm)
{
	return (vm & VM_READ ? ELF_PF_R : 0) | (vm & VM_WRITE ? ELF_PF_W : 0) | (vm & VM_EXEC ? ELF_PF_X : 0);
}

static int put(struct core *c, const void *from, size_t n)
{
	ssize_t done;

	n = MIN(n, c->limit - MIN(c->limit, c->at));
	done = n ? file_write_kernel(c->file, from, n, (loff_t)c->at) : 0;
	if (done != (ssize_t)n)
		return done < 0 ? (int)done : -ENOSPC;
	c->at += n;
	return 0;
}

static int segments_put(struct core *c)
{
	size_t n = c->nr_segments * sizeof(c->segments[0]);

	c->nr_segments = 0;
	return put(c, c->segments, n);
}

static int segment_add(struct core *c, struct elf_segment segment)
{
	c->segments[c->nr_segments++] = segment;
	return c->nr_segments == SEGMENTS_AT_ONCE ? segments_put(c) : 0;
}

/* The header and the table; where the notes and the memory will be follows from their sizes. */
static int table_put(struct core *c)
{
	struct elf_header h = {
		.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 }, .type = ELF_TYPE_CORE, .machine = ELF_MACHINE_X86_64, .version = 1,
		.phoff = sizeof(h), .ehsize = sizeof(h), .phentsize = sizeof(struct elf_segment), .phnum = (uint16_t)(c->nr + 1),
	};
	uint64_t at = sizeof(h) + (c->nr + 1) * sizeof(struct elf_segment);
	int err = put(c, &h, sizeof(h));

	if (!err)
		err = segment_add(c, (struct elf_segment){ .type = ELF_PT_NOTE, .offset = at, .filesz = c->notes_size, .align = 4 });
	at = ALIGN_UP(at + c->notes_size, PAGE_SIZE);
	for (unsigned int i = 0; i < c->nr && !err; i++) {
		const struct area *a = &c->areas[i];

		err = segment_add(c, (struct elf_segment){
			.type = ELF_PT_LOAD, .flags = segment_flags(a->flags), .offset = at, .vaddr = a->start, .filesz = a->bytes,
			.memsz = a->end - a->start, .align = PAGE_SIZE,
		});
		at += a->bytes;
	}
	return err ? err : segments_put(c);
}

/* Pages that cannot be read (no access, a hole in a file) are zeros. */
static int area_put(struct core *c, struct space *s, const struct area *a)
{
	int err = 0;

	for (uint64_t at = a->start; at < a->start + a->bytes && !err && c->at < c->limit; at += PAGE_SIZE) {
		memset(c->page, 0, PAGE_SIZE);
		(void)space_read(s, at, c->page, PAGE_SIZE);
		err = put(c, c->page, PAGE_SIZE);
	}
	return err;
}

static int body_put(struct core *c, struct space *s, int sig, const struct linux_siginfo *info)
{
	int err;

	c->files = core_files(s, &c->files_size);
	err = notes_fill(c, sig, info);
	if (err)
		return err;
	err = areas_collect(c, s);
	if (!err)
		err = table_put(c);
	if (!err)
		err = put(c, c->notes, c->notes_size);
	c->at = ALIGN_UP(c->at, PAGE_SIZE);
	for (unsigned int i = 0; i < c->nr && !err; i++)
		err = area_put(c, s, &c->areas[i]);
	return err;
}

ssize_t core_write(struct file *f, int sig, const struct linux_siginfo *info, uint64_t limit)
{
	struct space *s = process_space_get(current_process);
	struct core *c = s ? kzalloc(sizeof(*c)) : NULL;
	ssize_t result = -ENOMEM;
	int err;

	if (c) {
		c->file = f;
		c->limit = limit;
		err = body_put(c, s, sig, info);
		result = err ? err : (ssize_t)MIN(c->at, limit);
		kfree(c->areas);
		kfree(c->notes);
		kfree(c->files);
	}
	kfree(c);
	if (s)
		space_put(s);
	return result;
}

/* ---- The other threads wait ---- */

void core_dump_wait(struct process *p)
{
	uint64_t flags;

	arch_trace_stop(current);	/* its registers are looked at from here on, asleep or not yet */
	flags = spin_lock_irq(&p->lock);
	current->parked = true;
	WRITE_ONCE(p->nr_parked, p->nr_parked + 1);
	spin_unlock_irq(&p->lock, flags);
	wait_wake(&p->state_wait, 0);
	wait_event(&p->state_wait, !(READ_ONCE(p->attention) & PROCESS_DUMPING) || READ_ONCE(p->exiting), TIME_FOREVER, false);
	flags = spin_lock_irq(&p->lock);
	current->parked = false;
	p->nr_parked--;
	spin_unlock_irq(&p->lock, flags);
}

/* False: another thread does it, or the process is ending otherwise. */
static bool threads_park(struct process *p)
{
	uint64_t flags = spin_lock_irq(&p->lock);
	bool mine = !p->exiting && !p->execing && !(p->attention & PROCESS_DUMPING);

	if (mine) {
		p->dumper = current;
		__atomic_or_fetch(&p->attention, PROCESS_DUMPING, __ATOMIC_SEQ_CST);
		process_rouse(p);
	}
	spin_unlock_irq(&p->lock, flags);
	if (mine)
		wait_event(&p->state_wait, READ_ONCE(p->nr_parked) + 1 >= READ_ONCE(p->nr_threads) || READ_ONCE(p->exiting),
			   time_now() + PARK_NS, false);
	return mine;
}

static void threads_unpark(struct process *p)
{
	__atomic_and_fetch(&p->attention, ~PROCESS_DUMPING, __ATOMIC_SEQ_CST);
	wait_wake(&p->state_wait, 0);
}

/* ---- The core file of a program ---- */

/* core(5): %p the process, %u its owner, %s the signal, %e its name, %t seconds since 1970, %% a sign. */
static void pattern_expand(char *to, size_t size, int sig)
{
	const struct process *p = current_process;
	size_t n = 0;

	for (const char *c = pattern; *c && n + 1 < size; c++) {
		if (*c != '%') {
			to[n++] = *c;
			continue;
		}
		c++;
		if (*c == 'p')
			n += (size_t)format_text(to + n, size - n, "%d", p->own_pid);
		else if (*c == 'u')
			n += (size_t)format_text(to + n, size - n, "%u", p->cred.uid);
		else if (*c == 's')
			n += (size_t)format_text(to + n, size - n, "%d", sig);
		else if (*c == 'e')
			n += (size_t)format_text(to + n, size - n, "%s", p->name);
		else if (*c == 't')
			n += (size_t)format_text(to + n, size - n, "%llu", (unsigned long long)(time_realtime() / NSEC_PER_SEC));
		else if (*c == '%')
			to[n++] = '%';
		else if (!*c)
			break;
		n = MIN(n, size - 1);
	}
	to[n] = '\0';
}

/* A plain file of one name that is the program's own: what it could not have made itself is not written through its death. */
static bool file_is_ours(const struct file *f)
{
	const struct inode *inode = f->inode;

	return inode && (inode->mode & LINUX_S_IFMT) == LINUX_S_IFREG && inode->nlink == 1 && inode->uid == current->cred.euid;
}

/* NULL when it is not to be. Looked at before and after it is emptied. */
static struct file *core_open(const char *name)
{
	const uint32_t flags = LINUX_O_WRONLY | LINUX_O_CREAT | LINUX_O_NOFOLLOW | LINUX_O_NONBLOCK;
	struct file *f = file_open(name, flags, 0600);

	for (unsigned int i = 0; i < 2; i++) {
		if (IS_ERR(f))
			return NULL;
		if (!file_is_ours(f)) {
			file_put(f);
			return NULL;
		}
		if (i)
			break;
		file_put(f);
		f = file_open(name, flags | LINUX_O_TRUNC, 0600);
	}
	return f;
}

bool core_dump(int sig, const struct linux_siginfo *info)
{
	struct process *p = current_process;
	uint64_t limit = p->rlimits[LINUX_RLIMIT_CORE].cur;
	char name[2 * PATTERN_MAX];
	struct file *f;
	ssize_t n;

	if (!limit || !p->dumpable || p->device || !pattern[0])
		return false;
	pattern_expand(name, sizeof(name), sig);
	if (!threads_park(p)) {
		if (READ_ONCE(p->attention) & PROCESS_DUMPING)
			core_dump_wait(p);
		return false;
	}
	f = core_open(name);
	n = f ? core_write(f, sig, info, limit) : 0;
	if (f)
		file_put(f);
	process_begin_exit(p, n > 0 ? sig | LINUX_W_CORE : sig);
	threads_unpark(p);
	if (n < 0)
		log_warn("%s[%d]: no core file: %d", p->name, p->pid, (int)n);
	return n > 0;
}

static void pattern_show(struct seq *s, void *priv)
{
	seq_printf(s, "%s\n", pattern);
}

/* Programs as receivers ("|...") do not exist here. */
static int pattern_write(void *priv, char *text)
{
	if (strlen(text) >= sizeof(pattern) || text[0] == '|')
		return -EINVAL;
	str_copy(pattern, text, sizeof(pattern));
	return 0;
}

static int core_init(void)
{
	return proc_create_rw("sys/kernel/core_pattern", 0644, pattern_show, pattern_write, NULL);
}
INITCALL("4class", core_init);
