"""Having ``nodecheck audit`` run by itself: a systemd timer or a cron entry."""
