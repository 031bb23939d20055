//! MP4 and QuickTime: where the samples lie and when they are due.
