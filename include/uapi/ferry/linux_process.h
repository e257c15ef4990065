struct linux_siginfo;
