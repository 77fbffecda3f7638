/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/service/service.h - the Windows service: `espelho-host --service`, run by Windows'
 * service control manager as the system. Windows.
 *
 * It captures nothing itself: it lives in session 0, which has no screen. It runs this program
 * again in the session that owns the screen (launcher.h says when) and a tray process for each user
 * (trays.h). The capture process has the system's rights, since only these see the log-on screen
 * and UAC questions.
 *
 * Threads: Windows calls the service's main function and its control handler on two of them; the
 * handler raises flags, the main one does everything else. */
#ifndef ESPELHO_SERVICE_SERVICE_H
#define ESPELHO_SERVICE_SERVICE_H

#define SERVICE_NAME "EspelhoHost"

/* `folders`: where settings files may be (UTF-8, borrowed, NULL entries are skipped). `log_folder`:
 * for the service's own log files. Returns when the service has ended: an exit code. Says so when
 * somebody else than Windows called. */
int service_run(const char *const *folders, unsigned count, const char *log_folder);

#endif
