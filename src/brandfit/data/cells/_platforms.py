"""Platforms by their web addresses and names, to tell handles of Instagram from those of others."""

from __future__ import annotations

_DOMAINS = {
    "TikTok": "tiktok.com douyin.com", "YouTube": "youtube.com youtu.be",
    "Facebook": "facebook.com fb.com fb.me fb.watch", "X": "x.com twitter.com t.co",
    "Twitch": "twitch.tv", "Pinterest": "pinterest.com pin.it", "LinkedIn": "linkedin.com",
    "Snapchat": "snapchat.com", "Threads": "threads.net threads.com", "Telegram": "t.me telegram.me",
    "VK": "vk.com vk.ru", "Weibo": "weibo.com weibo.cn", "Xiaohongshu": "xiaohongshu.com xhslink.com",
    "Bilibili": "bilibili.com", "Bluesky": "bsky.app", "Reddit": "reddit.com",
    "WhatsApp": "wa.me whatsapp.com", "Tumblr": "tumblr.com", "Spotify": "spotify.com",
    "Patreon": "patreon.com", "OnlyFans": "onlyfans.com", "Linktree": "linktr.ee",
    "Discord": "discord.gg discord.com", "Kick": "kick.com", "LTK": "shopltk.com liketk.it",
    "Mastodon": "mastodon.social",
}  # fmt: skip
PLATFORM_BY_DOMAIN = {domain: name for name, domains in _DOMAINS.items() for domain in domains.split()}
INSTAGRAM_DOMAINS = ("instagram.com", "instagr.am", "ig.me")

_PREFIXES = {
    "TikTok": "tiktok tik-tok tt", "YouTube": "youtube yt", "Facebook": "facebook fb", "X": "twitter x",
    "Twitch": "twitch", "Pinterest": "pinterest", "LinkedIn": "linkedin",
    "Snapchat": "snapchat snap sc", "Threads": "threads", "Telegram": "telegram tg", "VK": "vk",
}  # fmt: skip
PLATFORM_BY_PREFIX = {prefix: name for name, prefixes in _PREFIXES.items() for prefix in prefixes.split()}
"""Words that people write before a handle: ``tiktok: @x``."""
HOSTS = frozenset([*PLATFORM_BY_DOMAIN, *INSTAGRAM_DOMAINS])


def platform_of(host: str) -> str:
    """The platform of a host such as ``m.tiktok.com``; "" if it is none that is known."""
    parts = host.lower().split(".")
    for n in range(len(parts) - 1):
        if name := PLATFORM_BY_DOMAIN.get(".".join(parts[n:])):
            return name
    # Pinterest has a domain for each country.
    return "Pinterest" if "pinterest" in parts else ""


def is_instagram(host: str) -> bool:
    """Whether a host is one of Instagram."""
    return f".{host.lower()}".endswith(tuple([f".{domain}" for domain in INSTAGRAM_DOMAINS]))
