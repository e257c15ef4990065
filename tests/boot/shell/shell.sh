#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: what the shell and its tools need of the kernel, one claim a line. Runs on Linux's busybox as well.
number=0
failed=0
work=/tmp/shell-test.$$
mkdir "$work" && cd "$work" || exit 1

# is NAME EXPECTED GOT
is()
{
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number $1"
	else
		echo "# expected: $2"
		echo "# got: $3"
		echo "not ok $number $1"
		failed=1
	fi
}

echo 'KTAP version 1'
is redirection 'a b' "$(echo a >f; echo b >>f; tr '\n' ' ' <f | sed 's/ $//')"
is here_document 'here 3 sub' "$(cat <<X
here $((1 + 2)) $(echo sub)
X
)"
is pipeline_of_five 100 "$(seq 1 1000 | grep 7 | sort -r | head -n 100 | wc -l)"
is large_pipe 588895 "$(seq 1 100000 | wc -c)"
is status_of_a_pipeline 1 "$(true | false; echo $?)"
is yes_ends_with_its_reader 'y y y' "$(yes | head -n 3 | xargs echo)"
is subshell_keeps_the_directory "$work" "$( (cd /) ; pwd)"
is descriptor_3 line "$(echo line >g; exec 3<g; read -r x <&3; echo "$x")"
is standard_error_apart 'out' "$( { echo out; echo err >&2; } 2>/dev/null)"
is command_not_found 127 "$(no-such-command 2>/dev/null; echo $?)"
is killed_child 137 "$(sh -c 'kill -9 $$' 2>/dev/null; echo $?)"
is trap_runs got "$(sh -c 'trap "echo got" USR1; kill -USR1 $$; :')"
is background_and_wait 7 "$(sh -c 'exit 7' & wait $!; echo $?)"
is timeout_ends_it 143 "$(timeout 1 sleep 10; echo $?)"
is fifo_between_processes through "$(mkfifo p; (echo through >p) & cat p; wait)"
is script_with_interpreter 'arg' "$(printf '#!/bin/sh\necho $1\n' >s; chmod +x s; ./s arg)"
is many_forks 200 "$(i=0; while [ $i -lt 200 ]; do (:); i=$((i + 1)); done; echo $i)"
is arithmetic_loop 1000 "$(i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); done; echo $i)"

mkdir -p d/e/f
echo text >d/e/f/g
is find_a_file d/e/f/g "$(find d -type f)"
is find_and_exec text "$(find d -type f -exec cat {} \;)"
is symbolic_link text "$(ln -s d/e/f/g l; cat l)"
is link_shows_its_target d/e/f/g "$(readlink l)"
is hard_link 2 "$(ln d/e/f/g h; stat -c %h h)"
is permissions '-rwxr-x---' "$(chmod 750 h; stat -c %A h)"
is owner '5 6' "$(chown 5:6 h; stat -c '%u %g' h)"
is file_time 2020 "$(touch -d '2020-01-01 00:00:00' h; stat -c %y h | cut -c1-4)"
is long_listing 1 "$(ls -l h | grep -c '5 *6 *5 ')"
is copy_of_a_tree same "$(cp -a d d2; diff -r d d2 && echo same)"
is tar_and_back same "$(tar cf t.tar d; mkdir out; tar xf t.tar -C out; diff -r d out/d && echo same)"
is gzip_and_back same "$(seq 1 20000 >n; gzip -c n | gunzip -c | cmp - n && echo same)"
is cpio_lists d/e/f/g "$(find d -type f | cpio -o -H newc 2>/dev/null | cpio -t 2>/dev/null)"
is move_and_remove gone "$(mv d2 d3; rm -r d3; [ -e d3 ] || echo gone)"
is truncate_and_du '1048576 0' "$(truncate -s 1M sp; echo "$(stat -c %s sp) $(du -k sp | cut -f1)")"
is dd_seeks 10485761 "$(dd if=/dev/zero of=big bs=1 count=1 seek=10M 2>/dev/null; stat -c %s big)"
is read_only_name_is_refused 1 "$(echo x 2>/dev/null >/proc/version; echo $?)"
is device_full 1 "$(echo x 2>/dev/null >/dev/full; echo $?)"
is standard_streams_by_name word "$(echo word >/dev/stdout)"
is standard_input_by_name word "$(echo word | cat /dev/stdin)"
is random_bytes 100 "$(head -c 100 /dev/urandom | wc -c)"

is sed 'x-y' "$(echo 'a-b' | sed 's/a/x/; s/b/y/')"
is awk_sums 199990000 "$(awk 'BEGIN { for (i = 0; i < 20000; i++) s += i; print s }')"
is sort_and_uniq '2 a 1 b' "$(printf 'b\na\na\n' | sort | uniq -c | xargs echo)"
is md5 b6d81b360a5672d80c27430f39153e2c "$(dd if=/dev/zero bs=64k count=16 2>/dev/null | md5sum | cut -d' ' -f1)"

is mount_and_size '64' "$(mkdir m; mount -t tmpfs -o size=64k none m; df -k m | awk 'END { print $2 }')"
is a_full_file_system 16 "$(dd if=/dev/zero of=m/x bs=4k count=32 2>&1 | sed -n 's/+0 records out//p')"
is a_busy_mount_stays 1 "$(cd m; umount "$work/m" 2>/dev/null; echo $?)"
is unmount 0 "$(umount m; ls m | wc -l)"
is bind_mount same "$(mount -o bind d m; diff -r d m && umount m && echo same)"
is change_root_keeps_its_files inside "$(mkdir -p r/bin; cp /bin/busybox r/bin/echo; chroot r /bin/echo inside)"

is own_process_id "$$" "$(cut -d' ' -f4 /proc/self/stat)"
# Until it has called exec, the child goes by its parent's name.
command_line_of_sleep()
{
	sleep 9 &
	for _ in $(seq 200); do
		cmp -s /proc/$!/cmdline /proc/$$/cmdline || break
		usleep 10000
	done
	tr '\0' ' ' </proc/$!/cmdline | sed 's/ $//'
	kill $!
}
is command_line_of_a_process 'sleep 9' "$(command_line_of_sleep)"
is ps_sees_this_shell 1 "$(ps -o pid | grep -c "^ *$$\$")"
is exe_of_this_shell /bin/busybox "$(readlink /proc/$$/exe)"
is directory_of_this_shell "$work" "$(readlink /proc/$$/cwd)"
is open_files_of_this_shell /dev/null "$(exec 4</dev/null; readlink /proc/self/fd/4)"
is memory_totals 1 "$(grep -c '^MemTotal:' /proc/meminfo)"
is free_prints 1 "$(free | grep -c '^Mem:')"
is uptime_prints 1 "$(uptime | grep -c 'load average')"
is top_prints 1 "$(top -b -n 1 | grep -c '^Load average')"
is mount_prints 1 "$(mount | grep -c ' on /proc type proc')"
is log_is_readable 1 "$(dmesg | grep -c 'first user instruction')"
is host_name ferry "$(hostname)"
is sleeping_takes_time 1 "$(a=$(date +%s); sleep 1; b=$(date +%s); [ $((b - a)) -ge 1 ] && echo 1)"

cd / && rm -r "$work"
is everything_was_removed gone "$([ -e "$work" ] || echo gone)"
echo "1..$number"
exit $failed
